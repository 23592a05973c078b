/** The tables on PHP and ours, from results that are made up. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Comparisons, Tally } from '../../src/workshop/weave/comparisons.ts';
import {
  drawDifferences,
  drawSequences,
  drawTotals,
  drawValues,
} from '../../src/workshop/weave/pictures/comparisons.ts';
import { tallyBySubject } from '../php/tally.ts';

const all = (count: number): Tally => ({ compared: count, equal: count });
const comparisons: Comparisons = {
  sequences: {
    php: '8.4.1',
    groups: [
      {
        title: 'functions',
        rows: [
          {
            subject: 'session_id()',
            whole: { compared: 12, equal: 11 },
            aspects: {
              callbacks: all(9),
              headers: all(0),
              answers: { compared: 12, equal: 11 },
              messages: all(1),
              bytes: all(2),
            },
          },
        ],
      },
    ],
    written: all(1200),
    generated: all(300),
  },
  values: { php: '8.4.1', rows: [{ subject: 'd', tally: all(7) }] },
  differences: [{ name: 'a', php: 'b|c', ours: 'd', instead: 'e' }],
};

test('a cell counts what was equal, tells what differs, and is empty without anything', () => {
  const { text } = drawSequences(comparisons, 'functions');
  assert.equal(
    text.split('\n')[2],
    '| `session_id()` | ✘ 1 of 12 differ | ✔ 9 |  | ✘ 1 of 12 differ | ✔ 1 | ✔ 2 |',
  );
});

test('every table names the PHP that was run', () => {
  const drawn = [drawTotals(comparisons), drawValues(comparisons)];
  for (const { text } of drawn) assert.match(text, /^\| [^|]+ \| as in PHP 8\.4\.1 \|/);
  assert.match(drawn[0]?.text ?? '', /\| written by hand \| ✔ 1,200 \|/);
  assert.match(drawn[1]?.text ?? '', /\| values with a float \| ✔ 7 \|/);
});

test('a difference is told in one row, bars and all', () => {
  assert.match(drawDifferences(comparisons).text, /\n\| \*\*a\*\* \| b\\\|c \| d \| e \|$/);
});

test('a group that the tests do not have is refused with those that they have', () => {
  assert.throws(() => drawSequences(comparisons, 'cats'), {
    message: 'no sequences are about "cats"; there are functions',
  });
});

test('a sequence counts for what it calls, and only where there was something to compare', () => {
  const scenario = {
    name: 'one',
    steps: [['call', 'session_start'] as const, ['set', 'a', 1] as const],
  };
  const lines = ['["result","session_start",true]', '["headers",[]]'];
  const [functions] = tallyBySubject([
    { scenario, expected: lines, actual: lines },
    { scenario, expected: lines, actual: ['["result","session_start",false]'] },
  ]);
  assert.deepEqual(
    functions?.rows.map(({ subject, whole, aspects }) => [subject, whole, aspects.answers]),
    [
      ['$_SESSION', { compared: 2, equal: 1 }, { compared: 2, equal: 1 }],
      ['session_start()', { compared: 2, equal: 1 }, { compared: 2, equal: 1 }],
    ],
  );
  assert.deepEqual(functions?.rows[0]?.aspects.headers, { compared: 0, equal: 0 });
});
