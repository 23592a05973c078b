/** Mermaid diagrams as SVG for the workshop's pages. */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/** CSS values, so that a drawing follows the theme of its page. */
export interface Colours {
  background: string;
  ink: string;
  /** Text beside arrows; it needs the contrast of text. */
  aside: string;
  /** Lines and the edges of boxes. */
  line: string;
  /** Arrow heads. */
  accent: string;
}

/** Mermaid's own syntax for a text alternative, which `beautiful-mermaid` does not know. */
const ALTERNATIVE = /^[ \t]*acc(Title|Descr):[ \t]*(.*)\n?/gm;

/** Comments and Mermaid's own settings; `beautiful-mermaid` expects the diagram's kind first. */
const COMMENT = /^[ \t]*%%.*\n?/gm;

/** Each of the renderer's variables is set, so that it mixes no colour of its own. */
const RENDERED = {
  bg: '#fff',
  fg: '#000',
  line: '#000',
  accent: '#000',
  muted: '#000',
  border: '#000',
  padding: 2,
};

/** The renderer's margin around a diagram of lanes, and the part of it that stays. */
const MARGIN = 30;
const KEPT_MARGIN = 2;

/** The renderer's size for text beside arrows, and a size that a phone can show. */
const SMALL = 'font-size="11"';
const LEGIBLE = 'font-size="13"';

/** The renderer is loaded with the first diagram: it takes as long as all else that the lab loads. */
function render(code: string): string {
  const path = fileURLToPath(import.meta.resolve('beautiful-mermaid'));
  const { renderMermaidSVG } = createRequire(path)(path) as typeof import('beautiful-mermaid');
  return renderMermaidSVG(code, { ...RENDERED, font: 'inherit', transparent: true });
}

/** A diagram without its text alternative, and the alternative. */
function split(text: string): { code: string; title: string; description: string } {
  const said: Record<string, string> = {};
  const code = text.replace(COMMENT, '').replace(ALTERNATIVE, (_, name: string, words: string) => {
    said[name] = words.trim();
    return '';
  });
  return { code, title: said['Title'] ?? '', description: said['Descr'] ?? '' };
}

/**
 * Draws a diagram.
 *
 * @param name - Begins every id within the drawing; two drawings on one page need two names.
 * @returns An SVG element whose `<title>` and `<desc>` are the diagram's `accTitle` and `accDescr`.
 * @throws Error when it cannot be drawn.
 */
export function drawDiagram(text: string, colours: Colours, name: string): string {
  const { code, title, description } = split(text);
  const svg = render(code);
  const named = title || description;
  const label = named ? ` aria-labelledby="${name}-title ${name}-desc"` : '';
  const alternative = named
    ? `<title id="title">${escapeText(title)}</title><desc id="desc">${escapeText(description)}</desc>`
    : '';
  return (
    (code.trimStart().startsWith('sequenceDiagram') ? crop(svg) : svg)
      // The page's own font takes the place of one from another site.
      .replace(/@import url\([^)]*\);/g, '')
      .replaceAll(SMALL, LEGIBLE)
      .replace(/--(bg|fg|line|accent|muted|border)\b/g, '--drawing-$1')
      .replace(/ style="[^"]*"/, ` style="${style(colours)}"`)
      .replace(/>/, `>${alternative}`)
      .replace(/\bid="([^"]+)"/g, `id="${name}-$1"`)
      .replace(/url\(#([^)]+)\)/g, `url(#${name}-$1)`)
      .replace('<svg ', `<svg role="img"${label} `)
  );
}

/**
 * The drawing's variables. They have names of their own, because a page's variable named as the
 * renderer's would refer to itself.
 */
function style({ background, ink, line, accent, aside }: Colours): string {
  const values = { bg: background, fg: ink, line, accent, muted: aside, border: line };
  return Object.entries(values)
    .map(([name, value]) => `--drawing-${name}:${value}`)
    .join(';');
}

/** Removes most of the margin, which a phone needs for the drawing itself. */
function crop(svg: string): string {
  const cut = MARGIN - KEPT_MARGIN;
  return svg.replace(
    /viewBox="0 0 ([\d.]+) ([\d.]+)" width="[\d.]+" height="[\d.]+"/,
    (_, width: string, height: string) => {
      const [w, h] = [Number(width) - 2 * cut, Number(height) - 2 * cut];
      return `viewBox="${cut} ${cut} ${w} ${h}" width="${w}" height="${h}"`;
    },
  );
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
