/** Sequences about the stored bytes. */
import type { Scenario } from '../steps.ts';
import { call, close, count, destroy, id, ini, known, start, status, use } from '../words.ts';

const data: Scenario[] = ['php', 'php_binary', 'php_serialize'].flatMap((format) =>
  [
    '',
    'count|i:7;',
    'count',
    'count|i:7',
    'a|i:1;b|x',
    '!a|i:1;',
    '5|i:1;',
    'a|i:1;a|i:2;',
    '\x05counti:7;',
    'a:1:{s:1:"a";i:1;}',
    'i:5;',
    'N;',
    'a:0:{}rest',
    'b:0;',
  ].flatMap((text): Scenario[] => {
    const name = `${format} reads ${JSON.stringify(text)}`;
    const stored = { cookies: { PHPSESSID: 'known' }, store: { known: text } };
    const set = ini('serialize_handler', format);
    return [
      { name, ...stored, steps: [set, use('full'), start, id, status, call('session_encode')] },
      {
        name: `${name}, changed`,
        ...stored,
        steps: [set, use('object'), start, ['set', '7', 'x'], ['set', 'k', [1, 'two']], close],
      },
      {
        name: `${name} by session_decode`,
        ...known,
        steps: [set, use('object'), start, call('session_decode', text), status],
      },
    ];
  }),
);

const encoding: Scenario[] = ['php', 'php_binary', 'php_serialize'].flatMap(
  (format): Scenario[] => {
    const set = [ini('serialize_handler', format), use('object'), start];
    const encode = call('session_encode');
    return [
      { name: `${format} encodes nothing`, steps: [encode, ...set, encode, close, encode] },
      {
        name: `${format} encodes a bar`,
        steps: [...set, ['set', 'a', 1], ['set', 'a|b', 2], encode],
      },
      {
        name: `${format} encodes integers`,
        steps: [
          ...set,
          ['set', 'b', 1],
          ['set', '5', 2],
          ['set', '-3', 2],
          ['set', '05', 2],
          encode,
        ],
      },
      {
        name: `${format} encodes a long key`,
        steps: [...set, ['set', 'k'.repeat(127), 1], ['set', 'k'.repeat(128), 2], encode],
      },
      {
        name: `${format} encodes values`,
        steps: [
          ...set,
          ['set', 'a', [true, false, null, -1, 'ä', []]],
          ['delete', 'a'],
          ['set', 'b', 'x'],
          encode,
        ],
      },
      { name: `${format} after destroy`, steps: [...set, count, destroy, encode] },
      {
        name: `${format} reads half a key beside an integer key`,
        steps: [...set, ['set', '5', 1], call('session_decode', '\x05a')],
      },
    ];
  },
);

/** The table's part about formats. */
export const formatScenarios: readonly Scenario[] = [...data, ...encoding];
