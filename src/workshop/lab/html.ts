/** Templates for markup, in which every value that is not markup itself is escaped. */
import { escapeHtml } from '../sandbox/html.ts';

/** Markup that is safe to send. */
export class Html {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }
}

/** A value in a template; undefined, null and false write nothing. */
export type Part = Html | string | number | false | null | undefined | Part[];

/**
 * Writes markup.
 *
 * @param parts - Strings are escaped; the items of a list are written one after the other.
 * @example
 * html`<p>Count: ${count}</p>`
 */
export function html(strings: TemplateStringsArray, ...parts: Part[]): Html {
  return new Html(strings.map((text, index) => text + write(parts[index])).join(''));
}

/** Takes a trusted text as markup, without escaping it. */
export function raw(text: string): Html {
  return new Html(text);
}

function write(part: Part): string {
  if (part === undefined || part === null || part === false) return '';
  if (part instanceof Html) return part.toString();
  if (Array.isArray(part)) return part.map(write).join('');
  return escapeHtml(String(part));
}
