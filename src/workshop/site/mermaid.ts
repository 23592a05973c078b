/** Draws `mermaid` fences while the site is built, so that no page carries a drawing program. */
import { renderMermaidSVG } from 'beautiful-mermaid';

const BLOCK =
  /<pre><code class="(?:language-)?mermaid">([\s\S]*?)<\/code>(?:<button[^>]*>[\s\S]*?<\/button>)?<\/pre>/g;

/**
 * Replaces every mermaid block of a page by its drawing.
 *
 * @param url - The page's address, for the message.
 * @throws Error with the page and the drawing's first line when it cannot be drawn.
 */
export function drawMermaid(html: string, url: string): string {
  let number = 0;
  return html.replace(BLOCK, (_, code: string) => {
    number += 1;
    const text = decode(code).trim();
    try {
      return `<figure class="drawing">${draw(text, number)}</figure>`;
    } catch (cause) {
      const first = text.split('\n', 1)[0];
      throw new Error(`${url}: cannot draw the diagram "${first}"`, { cause });
    }
  });
}

function draw(text: string, number: number): string {
  const svg = renderMermaidSVG(text, {
    bg: 'var(--color-background)',
    fg: 'var(--color-text)',
    line: 'var(--color-text-aside)',
    accent: 'var(--color-link)',
    muted: 'var(--color-text-aside)',
    font: 'inherit',
    transparent: true,
  });
  // The font is the page's own; ids of two drawings on one page must not meet.
  return svg
    .replace(/@import url\([^)]*\);/g, '')
    .replace(/\bid="([^"]+)"/g, `id="drawing-${number}-$1"`)
    .replace(/url\(#([^)]+)\)/g, `url(#drawing-${number}-$1)`)
    .replace('<svg ', '<svg role="img" ');
}

function decode(html: string): string {
  return html
    .replace(/<[^>]+>/g, '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');
}
