/** Markdown as the lessons write it, for the lab: links lead to lab pages, code is coloured. */
import { createHash } from 'node:crypto';
import { Marked, type Tokens } from 'marked';
import { captionOf } from '../../course/caption.ts';
import type { Lesson } from '../../course/catalogue.ts';
import { type Colours, drawDiagram } from '../../drawing/diagram.ts';
import { escapeHtml } from '../../sandbox/html.ts';
import { type Html, raw } from '../html.ts';
import { highlight } from './highlight.ts';

const COLOURS: Colours = {
  background: 'var(--panel)',
  ink: 'var(--ink)',
  aside: 'var(--muted)',
  line: 'var(--muted)',
  accent: 'var(--accent)',
};

/** The lesson of a text, from which its links lead. */
export interface Place {
  lesson: Lesson;
  lessons: Lesson[];
}

/** Renders Markdown without front matter. */
export function renderMarkdown(text: string, place: Place): Html {
  const markdown = new Marked({
    gfm: true,
    renderer: {
      heading({ tokens, depth }: Tokens.Heading) {
        const inside = this.parser.parseInline(tokens);
        const level = Math.min(depth + 1, 6);
        const id = inside
          .toLowerCase()
          .replace(/<[^>]*>/g, '')
          .replace(/[^a-z0-9]+/g, '-');
        return `<h${level} id="read-${id}">${inside}</h${level}>\n`;
      },
      code({ text: code, lang }: Tokens.Code) {
        const [language, ...caption] = lang?.split(' ') ?? [];
        if (language === 'mermaid') return drawing(code);
        const block = `<pre><code>${highlight(code, language)}</code></pre>\n`;
        if (caption.length === 0) return block;
        return `<figure><figcaption>${escapeHtml(caption.join(' '))}</figcaption>${block}</figure>\n`;
      },
      table(token: Tokens.Table) {
        const cell = (each: Tokens.TableCell) =>
          each.header
            ? `<th scope="col">${this.parser.parseInline(each.tokens)}</th>`
            : `<td>${this.parser.parseInline(each.tokens)}</td>`;
        const row = (cells: Tokens.TableCell[]) => `<tr>${cells.map(cell).join('')}</tr>`;
        return `<div class="scroll" tabindex="0"><table><thead>${row(token.header)}</thead><tbody>${token.rows.map(row).join('')}</tbody></table></div>\n`;
      },
      link({ href, tokens }: Tokens.Link) {
        const target = escapeHtml(follow(href, place));
        return `<a href="${target}">${this.parser.parseInline(tokens)}</a>`;
      },
    },
  });
  const source = text
    .replace(MARKED_FENCE, (_all, kind: string, argument: string, fence: string) => {
      return `${fence} ${captionOf(kind, argument)}`;
    })
    .replace(/<!--.*?-->\n?/gs, '')
    .replace(
      /\{@link\s+([^}|\s]+)(?:[|\s]+([^}]+))?\}/g,
      (_all, name: string, label?: string) => `\`${(label ?? name).trim()}\``,
    );
  return raw(markdown.parse(source, { async: false }));
}

/** A page shows sections that are rendered apart, so a drawing is named after its content. */
function drawing(text: string): string {
  const name = `drawing-${createHash('sha256').update(text).digest('hex').slice(0, 8)}`;
  return `<figure class="drawing">${drawDiagram(text, COLOURS, name)}</figure>\n`;
}

/** A fence, and above it the marker that names its source. */
const MARKED_FENCE = /^<!-- (code|diff|transcript|output)(?:: (.*?))? -->\n(`{3,}\w+)$/gm;

/** A link between the files of the project, as a link between pages of the lab. */
function follow(href: string, { lesson, lessons }: Place): string {
  if (/^(?:https?:|#|\/)/.test(href)) return href;
  const slug = /(\d\d-[\w-]+)\/README\.md/.exec(href)?.[1];
  const target = lessons.find((each) => each.slug === slug);
  if (target) return `/lesson/${target.label}/`;
  const page = /docs\/([\w-]+)\.md$/.exec(href)?.[1];
  return page ? '/docs/' : `/lesson/${lesson.label}/#code`;
}
