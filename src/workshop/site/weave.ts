/** Weaving one page: each marker's yield below it, every other byte as it was. */
import { type Problem, readSlots, type Slot } from './markdown.ts';
import type { Marker } from './marker.ts';

/** A page to be woven. */
export interface Page {
  /** Absolute path. */
  path: string;
  /** Path as people name it, relative to the project. */
  name: string;
  text: string;
}

/** What a marker yields: a fence's language and lines, or Markdown as it shall stand. */
export type Yield =
  | { kind: 'fence'; language: string; text: string }
  | { kind: 'block'; text: string; drawn?: Drawing | undefined };

/** A picture that stands in a file of its own. */
export interface Drawing {
  /** Absolute path. */
  path: string;
  text: string;
}

/**
 * Answers a marker, with undefined where it only asks for something to be so; throws an Error whose
 * message tells the page's author what is wrong.
 */
export type Source = (marker: Marker, page: Page) => Promise<Yield | undefined>;

export interface Woven {
  text: string;
  problems: Problem[];
  drawings: Drawing[];
}

/**
 * Weaves a page.
 *
 * @param page The page as it stands.
 * @param source Answers its markers.
 * @returns The page as it should stand, and every problem with its line. A marker in trouble keeps
 *   what stands below it.
 */
export async function weavePage(page: Page, source: Source): Promise<Woven> {
  const newline = page.text.includes('\r\n') ? '\r\n' : '\n';
  const lines = page.text.split(newline);
  const { slots, problems } = readSlots(lines, page.name);
  const woven: string[] = [];
  const drawings: Drawing[] = [];
  let copied = 0;
  for (const slot of slots) {
    woven.push(...lines.slice(copied, slot.at + 1));
    copied = slot.end;
    const standing = lines.slice(slot.at + 1, slot.end);
    if (slot.marker.kind === 'text') {
      woven.push(...standing);
      continue;
    }
    try {
      const yielded = await source(slot.marker, page);
      woven.push(...(yielded ? write(yielded, slot) : standing));
      if (yielded?.kind === 'block' && yielded.drawn) drawings.push(yielded.drawn);
    } catch (error) {
      problems.push({ file: page.name, line: slot.at + 1, message: (error as Error).message });
      woven.push(...standing);
    }
  }
  woven.push(...lines.slice(copied));
  problems.sort((one, other) => one.line - other.line);
  return { text: woven.join(newline), problems, drawings };
}

function write(yielded: Yield, slot: Slot): string[] {
  const lines = yielded.text.split('\n');
  const written =
    yielded.kind === 'fence'
      ? [`${ticks(yielded.text)}${yielded.language}`, ...lines, ticks(yielded.text)]
      : ['', ...lines, '', '<!-- end -->'];
  return written.map((line) => (line ? slot.indent + line : line));
}

/** One more back tick than any run of them at the start of a line inside. */
function ticks(text: string): string {
  const runs = text.match(/^\s*`{3,}/gm) ?? [];
  return '`'.repeat(Math.max(3, ...runs.map((run) => run.trim().length + 1)));
}
