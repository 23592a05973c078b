/** Sequences about ids: where they come from, and which are refused. */
import type { Scenario } from '../steps.ts';
import { call, count, id, ini, start, use } from '../words.ts';

const ids: Scenario[] = [
  '',
  'a b',
  "a'b",
  'a"b',
  'a\\b',
  '<a>',
  'a\tb',
  'ä',
  'a.b',
  'a,b-c',
  'x'.repeat(256),
  'x'.repeat(257),
].flatMap((cookie): Scenario[] => {
  const name = `id ${JSON.stringify(cookie).slice(0, 12)}`;
  return [
    {
      name: `${name} and a user handler`,
      cookies: { PHPSESSID: cookie },
      steps: [use('full'), start, count, id],
    },
    { name: `${name} set by hand`, steps: [use('full'), call('session_id', cookie), start, id] },
    {
      name: `${name} regenerated`,
      cookies: { PHPSESSID: cookie },
      steps: [use(6), start, call('session_regenerate_id', true)],
    },
    ...(cookie.length < 200
      ? [{ name: `${name} and files`, cookies: { PHPSESSID: cookie }, steps: [start, count, id] }]
      : []),
  ];
});

const sources: Scenario[] = [
  { name: 'an id from the query', query: { PHPSESSID: 'known' } },
  { name: 'an id from the form', form: { PHPSESSID: 'known' } },
  { name: 'cookie before query', cookies: { PHPSESSID: 'one' }, query: { PHPSESSID: 'two' } },
  { name: 'query before form', query: { PHPSESSID: 'one' }, form: { PHPSESSID: 'two' } },
  { name: 'our referer', query: { PHPSESSID: 'known' }, referer: 'http://good.example/' },
].flatMap((from): Scenario[] => [
  { ...from, name: `${from.name}, cookies only`, steps: [use(6), start, id, call('SID')] },
  {
    ...from,
    name: `${from.name}, allowed`,
    steps: [ini('use_only_cookies', '0'), use(6), start, id, call('SID'), call('SID')],
  },
  {
    ...from,
    name: `${from.name}, checked`,
    steps: [
      ini('use_only_cookies', '0'),
      ini('referer_check', 'good'),
      use(6),
      start,
      id,
      call('SID'),
    ],
  },
  {
    ...from,
    name: `${from.name}, no cookies`,
    steps: [
      ini('use_only_cookies', '0'),
      ini('use_cookies', '0'),
      use(6),
      start,
      id,
      call('SID'),
      call('session_regenerate_id'),
      call('SID'),
    ],
  },
]);

/** The table's part about ids. */
export const idScenarios: readonly Scenario[] = [...ids, ...sources];
