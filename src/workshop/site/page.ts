/** Pages of Markdown: lists them, and writes what each marker yields below it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Lesson, root, shown } from '../course/catalogue.ts';
import { WrongCall } from '../machine/command.ts';
import { type Problem, readSlots, type Slot } from './markdown.ts';
import type { Marker } from './marker.ts';

export interface Page {
  /** Absolute path. */
  path: string;
  /** Path relative to the project. */
  name: string;
  text: string;
}

/** A marker's yield: the language and lines of a fence, or Markdown. */
export type Yield =
  | { kind: 'fence'; language: string; text: string }
  | { kind: 'block'; text: string };

/** Markdown below a marker. */
export const block = (text: string): Yield => ({ kind: 'block', text });

/**
 * Returns a marker's yield, or undefined for a marker that only checks something; throws an Error
 * for the page's author.
 */
export type Source = (marker: Marker, page: Page) => Promise<Yield | undefined>;

interface Woven {
  text: string;
  problems: Problem[];
}

/**
 * Weaves a page.
 *
 * @param source - Yields what its markers ask for.
 * @returns The page as it should be, and every problem with its line. A marker with a problem keeps
 *   the lines below it.
 */
export async function weavePage(page: Page, source: Source): Promise<Woven> {
  const newline = page.text.includes('\r\n') ? '\r\n' : '\n';
  const lines = page.text.split(newline);
  const { slots, problems } = readSlots(lines, page.name);
  const woven: string[] = [];
  let copied = 0;
  for (const slot of slots) {
    woven.push(...lines.slice(copied, slot.at + 1));
    copied = slot.end;
    const current = lines.slice(slot.at + 1, slot.end);
    if (slot.marker.kind === 'text') {
      woven.push(...current);
      continue;
    }
    try {
      const yielded = await source(slot.marker, page);
      woven.push(...(yielded ? write(yielded, slot) : current));
    } catch (error) {
      problems.push({ file: page.name, line: slot.at + 1, message: (error as Error).message });
      woven.push(...current);
    }
  }
  woven.push(...lines.slice(copied));
  problems.sort((one, other) => one.line - other.line);
  return { text: woven.join(newline), problems };
}

function write(yielded: Yield, slot: Slot): string[] {
  const lines = yielded.text.split('\n');
  const written =
    yielded.kind === 'fence'
      ? [`${ticks(yielded.text)}${yielded.language}`, ...lines, ticks(yielded.text)]
      : ['', ...lines, '', '<!-- end -->'];
  return written.map((line) => (line ? slot.indent + line : line));
}

/** One more back tick than the longest run at the start of a line inside. */
function ticks(text: string): string {
  const runs = text.match(/^\s*`{3,}/gm) ?? [];
  return '`'.repeat(Math.max(3, ...runs.map((run) => run.trim().length + 1)));
}

/**
 * Reads the pages that are woven: those of the lessons, then those of docs/, then README.md.
 *
 * @param wanted - Beginnings of names; without any, all pages are read.
 * @throws WrongCall for a beginning that no page has.
 */
export function readPages(lessons: Lesson[], wanted: string[] = []): Page[] {
  const names = [
    ...lessons.flatMap(({ files }) => [
      shown(files.readme),
      ...(files.hints ? [shown(files.hints)] : []),
    ]),
    ...documentNames(),
    ...(existsSync(join(root, 'README.md')) ? ['README.md'] : []),
  ];
  for (const start of wanted) {
    if (!names.some((name) => name.startsWith(start))) {
      throw new WrongCall(`No page begins with "${start}". There are:\n  ${names.join('\n  ')}`);
    }
  }
  return names
    .filter((name) => wanted.length === 0 || wanted.some((start) => name.startsWith(start)))
    .map((name) => {
      const path = join(root, name);
      return { path, name, text: readFileSync(path, 'utf8') };
    });
}

/** The pages of docs/, by name. */
export function documentNames(): string[] {
  const names = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
  return names.sort().map((name) => `docs/${name}`);
}
