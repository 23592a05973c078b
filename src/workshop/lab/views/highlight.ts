/** Colours for code, made here so that the page needs no script for them. */
import highlighter from 'highlight.js/lib/core';
import bash from 'highlight.js/lib/languages/bash';
import diff from 'highlight.js/lib/languages/diff';
import http from 'highlight.js/lib/languages/http';
import json from 'highlight.js/lib/languages/json';
import php from 'highlight.js/lib/languages/php';
import python from 'highlight.js/lib/languages/python';
import sql from 'highlight.js/lib/languages/sql';
import typescript from 'highlight.js/lib/languages/typescript';
import xml from 'highlight.js/lib/languages/xml';
import { escapeHtml } from '../../sandbox/html.ts';
import { type Html, raw } from '../html.ts';

const languages = { bash, diff, http, json, php, python, sql, typescript, html: xml };
for (const [name, language] of Object.entries(languages))
  highlighter.registerLanguage(name, language);

/** Enough for every page of some lessons, which are drawn again after each event. */
const mostKept = 500;

/** The code marked up last, the oldest first: the colours take half of the time of a page. */
const kept = new Map<string, Html>();

/** Marks up code; without a known language, as plain text. */
export function highlight(code: string, language: string | undefined): Html {
  if (!language || !highlighter.getLanguage(language)) return raw(escapeHtml(code));
  const key = `${language}\0${code}`;
  const found = kept.get(key);
  if (found) return found;
  const made = raw(highlighter.highlight(code, { language, ignoreIllegals: true }).value);
  for (const oldest of kept.keys()) {
    if (kept.size < mostKept) break;
    kept.delete(oldest);
  }
  kept.set(key, made);
  return made;
}

/** Marks up code line by line: a colour that spans lines is closed and opened again at each break. */
export function highlightLines(code: string, language: string): Html[] {
  const open: string[] = [];
  return highlight(code, language)
    .toString()
    .split('\n')
    .map((line) => {
      const before = open.join('');
      for (const [tag] of line.matchAll(/<\/?span[^>]*>/g)) {
        if (tag === '</span>') open.pop();
        else open.push(tag);
      }
      return raw(`${before}${line}${'</span>'.repeat(open.length)}`);
    });
}
