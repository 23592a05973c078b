/** Small words and numbers that several panels write alike. */
import { diffChars } from 'diff';
import { escapeBytes } from '../bytes.ts';
import { type Html, html } from '../html.ts';

/** Milliseconds as a reader wants them. */
export function milliseconds(value: number): string {
  return value >= 100 ? `${Math.round(value)} ms` : `${value.toFixed(1)} ms`;
}

/** A text with what was taken out and what was put in. */
export function changedText(before: string, after: string): Html {
  // Comparing letter by letter is quadratic, and nobody reads the difference of two long texts.
  if (before.length + after.length > 2_000) return html`<ins>${escapeBytes(after)}</ins>`;
  return html`${diffChars(before, after).map((change) => {
    const text = escapeBytes(change.value);
    if (change.added) return html`<ins>${text}</ins>`;
    return change.removed ? html`<del>${text}</del>` : html`${text}`;
  })}`;
}

/** A text that is cut in the middle of the page, whole in its title. */
export function shorten(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}
