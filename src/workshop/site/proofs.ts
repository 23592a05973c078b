/** The results of the store's requirements: docs/proofs.json, and the tables that show it. */
import { readKept } from './kept.ts';
import { block, type Yield } from './page.ts';
import type { Proof, Requirement } from './requirements.ts';
import { FAULTS } from './requirements-faults.ts';
import { SECURITY } from './requirements-security.ts';
import { table } from './table.ts';

const KEPT = 'docs/proofs.json';
const REMEDY = `node --import tsx src/workshop/site/run-proofs.ts --save ${KEPT}`;

/** The tests of one proof that passed and failed. */
interface ProofResult extends Proof {
  readonly passed: number;
  readonly failed: number;
}

/** One run of all tests that the requirements name. */
export interface ProofRun {
  readonly date: string;
  readonly node: string;
  readonly database: string;
  readonly results: readonly ProofResult[];
}

/** Reads the stored run; an error says how to make the file. */
export function readProofs(): ProofRun {
  return readKept<ProofRun>(KEPT, REMEDY, ({ results }) => results);
}

/** Answers `<!-- requirements: faults -->`, `security` and `run`. */
export function yieldRequirements(argument: string, run: ProofRun): Yield {
  if (argument === 'run') return block(describeRun(run));
  const rows = { faults: FAULTS, security: SECURITY }[argument];
  if (rows === undefined)
    throw new Error(`cannot show "${argument}"; there are faults, security, run`);
  const head = [
    'no.',
    'requirement',
    ...(argument === 'security' ? ['source'] : []),
    'tests',
    'result',
  ];
  const lines = rows.map((row) => [
    row.id,
    row.note === undefined ? row.text : `${row.text}. _${row.note}_`,
    ...(argument === 'security' ? [row.source ?? ''] : []),
    row.proofs.map(({ file, test }) => `\`${file}\`${test === '' ? '' : `: ${test}`}`).join('<br>'),
    resultOf(row, run),
  ]);
  return block(table(head, lines));
}

function describeRun({ date, node, database, results }: ProofRun): string {
  const passed = results.reduce((sum, each) => sum + each.passed, 0);
  const failed = results.reduce((sum, each) => sum + each.failed, 0);
  return `Run on ${date} with Node ${node} and ${database}: ${passed} tests passed, ${failed} failed.`;
}

function resultOf({ id, proofs }: Requirement, { results }: ProofRun): string {
  if (proofs.length === 0) return 'no test';
  const found = proofs.map(({ file, test }) => {
    const result = results.find((each) => each.file === file && each.test === test);
    if (result === undefined) throw new Error(`${KEPT} has no result for ${id}; ${REMEDY}`);
    return result;
  });
  const failed = found.reduce((sum, each) => sum + each.failed, 0);
  const passed = found.reduce((sum, each) => sum + each.passed, 0);
  return failed > 0 || passed === 0 ? `✘ ${failed} failed` : `✔ ${passed}`;
}
