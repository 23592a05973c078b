/** The board for a terminal: a sign and a word in each cell, and the reasons below. */
import { adapterCases, type ContractCase, sessionStoreCases } from '../../contract/index.ts';
import { type Board, caseName, type Row } from './board.ts';

const SIGNS = { kept: '✔', broken: '✘', lacking: '–' } as const;

/** Draws both tables; columns are numbered, and named above. */
export function drawBoard({ stores, layers }: Board): string {
  const parts = [
    ...(stores.length > 0 ? draw('Stores', stores, sessionStoreCases) : []),
    ...(layers.length > 0 ? draw('Session layers', layers, adapterCases) : []),
  ];
  return parts.join('\n');
}

function draw(
  title: string,
  rows: readonly Row[],
  cases: readonly ContractCase<never>[],
): string[] {
  const lines = cases.map((each) => {
    const cells = rows.map(({ cells: all }) => {
      const cell = all.find((one) => one.case === caseName(each));
      return (cell ? SIGNS[cell.outcome] : '').padEnd(3);
    });
    return ` ${cells.join('')}${each.level.padEnd(12)} ${caseName(each)}`;
  });
  const reasons = rows.flatMap(({ name, cells }) =>
    cells
      .filter(({ outcome }) => outcome === 'broken')
      .map(({ case: failed, reason }) => `✘ ${name}\n    ${failed}\n    ${reason}`),
  );
  return [
    title,
    ...rows.map(({ name, version }, at) => ` ${at + 1} ${name} (${version})`),
    '',
    ` ${rows.map((_, at) => String(at + 1).padEnd(3)).join('')}`,
    ...lines,
    '',
    ...reasons,
    '',
  ];
}
