/** Draws `mermaid` fences while the site is built, so that no page carries a drawing program. */
import { type Colours, drawDiagram } from '../drawing/diagram.ts';

const COLOURS: Colours = {
  background: 'var(--color-background)',
  ink: 'var(--color-text)',
  aside: 'var(--color-text-aside)',
  line: 'var(--color-text-aside)',
  accent: 'var(--color-link)',
};

const BLOCK =
  /<pre><code class="(?:language-)?mermaid">([\s\S]*?)<\/code>(?:<button[^>]*>[\s\S]*?<\/button>)?<\/pre>/g;

/** Replaces every mermaid block of a page by its drawing; an error names the page and the block. */
export function drawMermaid(html: string, url: string): string {
  let number = 0;
  return html.replace(BLOCK, (_, code: string) => {
    number += 1;
    const text = decode(code).trim();
    try {
      return `<figure class="drawing">${drawDiagram(text, COLOURS, `drawing-${number}`)}</figure>`;
    } catch (cause) {
      const first = text.split('\n', 1)[0];
      throw new Error(`${url}: cannot draw the diagram "${first}"`, { cause });
    }
  });
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
