/** The contract kit's cases, and the board of docs/board.json, as tables. */
import {
  adapterCases,
  type ContractCase,
  sessionStoreCases,
  sessionsCases,
} from '../../../contract/index.ts';
import { type Board, type Cell, caseName, type Row } from '../../board/board.ts';
import { readKept } from '../kept.ts';
import { block, type Yield } from '../page.ts';
import { table } from '../table.ts';

const KEPT = 'docs/board.json';

/** The command that makes the file, at the end of every message about it. */
const REMEDY = `npm run board -- --save ${KEPT}`;

type Cases = readonly ContractCase<never>[];

/** The pictures of the board and of the contracts, by the names that pages use. */
export const boardPictures: Readonly<Record<string, () => Promise<Yield>>> = {
  'board of stores': async () => block(drawRows(readBoard().stores, sessionStoreCases)),
  'board of layers': async () => block(drawRows(readBoard().layers, adapterCases)),
  'board run': async () => block(describeRun(readBoard())),
  'contract of stores': async () => block(drawCases(sessionStoreCases)),
  'contract of adapters': async () => block(drawCases(adapterCases)),
  'contract of sessions': async () => block(drawCases(sessionsCases)),
};

/** Reads the stored run; an error says how to make the file. */
export function readBoard(path?: string): Board {
  const isWhole = ({ stores, layers }: Partial<Board>): unknown => stores && layers;
  const board = readKept<Board>(KEPT, REMEDY, isWhole, path);
  requireCases(board.stores, sessionStoreCases);
  requireCases(board.layers, adapterCases);
  return board;
}

function requireCases(rows: readonly Row[], cases: Cases): void {
  const wanted = cases.map((each) => caseName(each)).join('\n');
  for (const { name, cells } of rows) {
    if (cells.map((cell) => cell.case).join('\n') === wanted) continue;
    throw new Error(`${KEPT} has other cases for ${name} than the contract; ${REMEDY}`);
  }
}

/** A table for each level: a row for each case, a column for each store. */
function drawRows(rows: readonly Row[], cases: Cases): string {
  const tables = LEVELS.map((level) => {
    const lines = cases.flatMap((each, at) =>
      each.level === level ? [[nameOf(each), ...rows.map(({ cells }) => drawCell(cells[at]))]] : [],
    );
    return table([level, ...rows.map(({ name }) => name)], lines);
  });
  return tables.join('\n\n');
}

const LEVELS = ['required', 'recommended', 'optional'] as const;

const nameOf = ({ about, name }: ContractCase<never>): string => `${code(about)} ${literal(name)}`;

/** Two underscores would be Markdown's bold. */
const literal = (text: string): string => text.replaceAll('_', '\\_');

function drawCell(cell: Cell | undefined): string {
  if (cell === undefined) return '';
  if (cell.outcome === 'kept') return '✔ holds';
  const reason = escaped(cell.reason ?? '');
  if (cell.outcome === 'lacking') return `– ${reason}`;
  return `✘ fails<details><summary>why</summary>${reason}</details>`;
}

function describeRun({ date, versions, stores, layers }: Board): string {
  const programs = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const rows = [...stores, ...layers].map(({ name, version, how }) => [name, version, how]);
  return [
    `Run on ${date} with ${programs.join(', ')}.`,
    '',
    table(['store or layer', 'version', 'how it was configured'], rows),
  ].join('\n');
}

function drawCases(cases: Cases): string {
  return table(
    ['about', 'the case', 'level', 'without it', 'needs'],
    cases.map(({ about, name, level, why, needs }, at) => [
      cases[at - 1]?.about === about ? '' : code(about),
      literal(name),
      level,
      literal(why),
      needs === undefined ? '' : code(needs),
    ]),
  );
}

const code = (text: string): string => `\`${text}\``;

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
