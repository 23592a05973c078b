/** Small words and numbers that several panels write alike. */
import { diffChars } from 'diff';
import { type Html, html } from '../html.ts';

/** Milliseconds as a reader wants them. */
export function milliseconds(value: number): string {
  return value >= 100 ? `${Math.round(value)} ms` : `${value.toFixed(1)} ms`;
}

/** Bytes with what cannot be printed written out, so that two that differ never look alike. */
export function printable(text: string): string {
  return [...text]
    .map((character) => {
      const code = character.codePointAt(0) ?? 0;
      if (code >= 0x20 && code !== 0x7f && !(code >= 0x80 && code < 0xa0)) return character;
      return `\\x${code.toString(16).padStart(2, '0')}`;
    })
    .join('');
}

/** A text with what was taken out and what was put in. */
export function changedText(before: string, after: string): Html {
  // Comparing letter by letter is quadratic, and nobody reads the difference of two long texts.
  if (before.length + after.length > 2_000) return html`<ins>${printable(after)}</ins>`;
  return html`${diffChars(before, after).map((change) => {
    const text = printable(change.value);
    if (change.added) return html`<ins>${text}</ins>`;
    return change.removed ? html`<del>${text}</del>` : html`${text}`;
  })}`;
}

/** A text that is cut in the middle of the page, whole in its title. */
export function shorten(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}
