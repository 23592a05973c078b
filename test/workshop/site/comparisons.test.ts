/** The tables on PHP and ours, from results that are made up. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Comparisons, Tally } from '../../../src/workshop/site/comparisons.ts';
import {
  drawDifferences,
  drawSequences,
  drawTotals,
  drawValues,
} from '../../../src/workshop/site/pictures/comparisons.ts';
import { tallyBySubject } from '../../php/oracle/tally.ts';

const all = (count: number): Tally => ({ compared: count, equal: count });
const comparisons: Comparisons = {
  sequences: {
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
    totals: [
      { php: '8.4.1', source: 'written by hand', tally: all(1200) },
      { php: '8.4.1', source: 'made from a seed', tally: all(300) },
      { php: '8.5.7', source: 'written by hand', tally: { compared: 9, equal: 7 } },
    ],
  },
  values: { php: '8.4.1', rows: [{ subject: 'd', tally: all(7) }] },
  differences: [{ name: 'a', php: 'b|c', ours: 'd', instead: 'e' }],
};

test('a cell counts the equal results, shows those that differ, and is empty without any', () => {
  const { text } = drawSequences(comparisons, 'functions');
  assert.equal(
    text.split('\n')[2],
    '| `session_id()` | ✘ 1 of 12 differ | ✔ 9 |  | ✘ 1 of 12 differ | ✔ 1 | ✔ 2 |',
  );
});

test('every table names the PHP that was run', () => {
  const { text } = drawSequences(comparisons, 'functions');
  assert.match(text, /^\| functions \| as in PHP 8\.4\.1 \|/);
  const { text: values } = drawValues(comparisons);
  assert.match(values, /^\| the serializer \| as in PHP 8\.4\.1 \|/);
  assert.match(values, /\| values with a float \| ✔ 7 \|/);
});

test('the row of a PHP that is missing here is kept, the row of a PHP that ran is replaced', () => {
  const standing = ['| PHP 8.2.3 | ✔ 1,100 |  |', '| PHP 8.4.0 | ✔ 8 | ✔ 9 |'];
  const page = { path: '', name: '', text: ['before', ...standing, 'after'].join('\n') };
  assert.deepEqual(drawTotals(comparisons, page).text.split('\n').slice(2), [
    '| PHP 8.2.3 | ✔ 1,100 |  |',
    '| PHP 8.4.1 | ✔ 1,200 | ✔ 300 |',
    '| PHP 8.5.7 | ✘ 2 of 9 differ |  |',
  ]);
});

test('a difference fits in one row, with its bars escaped', () => {
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
