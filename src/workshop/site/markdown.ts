/** Finds a page's markers and fences: enough of Markdown to replace them and change nothing else. */
import { type Marker, readMarker, yieldsFence } from './marker.ts';

/** A fault of a page, with its place. */
export interface Problem {
  /** The page, relative to the project. */
  file: string;
  /** Counted from one. */
  line: number;
  message: string;
}

/** One marker and the lines that belong to it. */
export interface Slot {
  marker: Marker;
  /** Index of the marker's own line. */
  at: number;
  /** Index of the first line after the marker's output; `at + 1` if there is no output yet. */
  end: number;
  /** White space before the marker, repeated before each line below it. */
  indent: string;
}

interface Fence {
  open: number;
  /** Index of the closing line. */
  close: number;
}

const FENCE = /^(\s*)(`{3,}|~{3,})\s*([^`]*)$/;
const END = /^\s*<!--\s*end\s*-->\s*$/;

/** Finds every marker of a page and every fence that has none. */
export function readSlots(lines: string[], file: string): { slots: Slot[]; problems: Problem[] } {
  const slots: Slot[] = [];
  const problems: Problem[] = [];
  const blame = (index: number, message: string) =>
    problems.push({ file, line: index + 1, message });
  let index = 0;
  while (index < lines.length) {
    const fence = readFence(lines, index);
    if (fence) {
      if (fence.close < 0) blame(index, 'this fence is never closed');
      else blame(index, `this fence has no marker above it${suggestion(lines[index - 1])}`);
      index = fence.close < 0 ? lines.length : fence.close + 1;
      continue;
    }
    const slot = readSlot(lines, index, blame);
    if (slot) slots.push(slot);
    index = slot ? slot.end : index + 1;
  }
  return { slots, problems };
}

function readSlot(
  lines: string[],
  at: number,
  blame: (index: number, message: string) => void,
): Slot | undefined {
  const line = lines[at] ?? '';
  let marker: Marker | undefined;
  try {
    marker = readMarker(line);
  } catch (error) {
    blame(at, (error as Error).message);
    // A misspelt marker is reported itself, so its fence is not reported as well.
    const fence = readFence(lines, at + 1);
    return fence && fence.close >= 0
      ? { marker: { kind: 'text', argument: '' }, at, end: fence.close + 1, indent: '' }
      : undefined;
  }
  if (!marker) return undefined;
  const indent = /^\s*/.exec(line)?.[0] ?? '';
  if (!yieldsFence(marker)) return { marker, at, end: readBlockEnd(lines, at), indent };
  const fence = readFence(lines, at + 1);
  if (fence && fence.close < 0) {
    blame(fence.open, 'this fence is never closed');
    return { marker, at, end: lines.length, indent };
  }
  if (marker.kind === 'text' && !fence) blame(at, 'there is no fence below this marker');
  return { marker, at, end: fence ? fence.close + 1 : at + 1, indent };
}

/** The line after `<!-- end -->`, when it comes before the next marker. */
function readBlockEnd(lines: string[], at: number): number {
  for (let index = at + 1; index < lines.length; index += 1) {
    const line = lines[index] ?? '';
    if (END.test(line)) return index + 1;
    const fence = readFence(lines, index);
    if (fence && fence.close >= 0) index = fence.close;
    else if (/^\s*<!--/.test(line) || /^#{2,6} /.test(line)) break;
  }
  return at + 1;
}

function readFence(lines: string[], open: number): Fence | undefined {
  const ticks = FENCE.exec(lines[open]?.trimEnd() ?? '')?.[2];
  if (!ticks) return undefined;
  const closing = new RegExp(`^\\s*${ticks[0]}{${ticks.length},}\\s*$`);
  const length = lines.slice(open + 1).findIndex((line) => closing.test(line));
  return { open, close: length < 0 ? -1 : open + 1 + length };
}

function suggestion(above: string | undefined): string {
  const word = /^\s*<!--\s*([^\s:]+)/.exec(above ?? '')?.[1];
  const known = 'code, diff, transcript, output or text';
  return word ? `: "${word}" is not one of ${known}` : `; write <!-- ${known} … -->`;
}
