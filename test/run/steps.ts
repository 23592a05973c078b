/** The steps of `npm test`, beside the test files. */
import { stripTypes } from '../../src/workshop/machine/program.ts';

/** One step: a program, and when it runs. */
export interface Step {
  name: string;
  command: string[];
  /** True when a passing step's output is printed too. */
  shown?: boolean;
  /** True when the step runs beside the matrix, which takes the longest and which the pages wait for. */
  isBeside?: boolean;
  /** True when the step reads the results of the comparisons with PHP, which are tests. */
  isLast?: boolean;
}

/** Runs Node, and notes the seconds that a program takes. */
export const node: readonly string[] = [process.execPath, '--import', './test/run/times.mjs'];
const script = (path: string, ...options: string[]): string[] => [
  ...node,
  ...stripTypes,
  path,
  ...options,
];

/** Results of the last check, for files that have not changed since; `npm ci` removes them. */
const CHECKED = 'node_modules/.cache/checked.tsbuildinfo';

/**
 * Returns the steps in their order.
 *
 * @param matrixFile - The file by which the matrix passes its results on to the pages.
 */
export function stepsOf(matrixFile: string): Step[] {
  return [
    {
      name: 'types',
      command: [
        ...node,
        'node_modules/typescript/bin/tsc',
        '-p',
        '.',
        '--incremental',
        '--tsBuildInfoFile',
        CHECKED,
      ],
      isBeside: true,
    },
    {
      name: 'lint',
      command: [
        ...node,
        'node_modules/@biomejs/biome/bin/biome',
        'check',
        '--error-on-warnings',
        '.',
      ],
      isBeside: true,
    },
    { name: 'conditions', command: script('src/workshop/course/conditions.ts') },
    {
      name: 'matrix',
      command: script('src/workshop/matrix/main.ts', '--brief', '--save', matrixFile),
      shown: true,
    },
    { name: 'pages', command: script('src/workshop/site/weave.ts', '--check'), isLast: true },
  ];
}
