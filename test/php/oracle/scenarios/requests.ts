/** Sequences about what a request brings: a Cookie header, a query, as PHP reads them. */
import type { Scenario } from '../steps.ts';
import { call, id, ini, start, use, variables } from '../words.ts';

const headers: Scenario[] = [
  'PHPSESSID=one; PHPSESSID=two',
  'a=b;PHPSESSID=one',
  'PHPSESSID=a%2Cb+c',
  'PHPSESSID=a%2cb%zz',
  'PHPSESSID[]=one',
  'PHPSESSID[x]=one',
  'PHPSESSID[x=one',
  'PHPSESSID=one; PHPSESSID[]=two',
  'PHPSESSID[]=one; PHPSESSID=two',
  'PHPSESSID=',
  'PHPSESSID',
  'PHPSESSID; a=1',
  ' PHPSESSID=one',
  'PHPSESSID =one',
  'PHPSESSID= one',
  'PHPSESSID="one"',
  'PHPSESSID=one two',
  'PHPSESSID=%20one',
  'PHPSESSID=one%00two',
  'PHPSESSID=%00',
  'PHPSESSID=%ff%fe',
  'PHPSESSID=%C3%A4',
  'PHPSESSID=a=b',
  'PHPSESSID==',
  '=PHPSESSID=x',
  'phpsessid=one',
  'PHPSESSID%3Done',
  'PHPSES%53ID=one',
  'PHPSESSID=one, PHPSESSID=two',
  'PHP.SESSID=one',
  '; ;PHPSESSID=one;;',
  '$Version=1; PHPSESSID=one',
  `x=${'y'.repeat(300)}; PHPSESSID=one`,
].map((cookie) => ({
  name: `Cookie: ${cookie.slice(0, 40)}`,
  raw: { cookie },
  steps: [use('full'), start, id],
}));

const names: Scenario[] = [
  ['a_b', 'a.b=one'],
  ['a_b', 'a b=one'],
  ['a_b', 'a_b=two; a.b=one'],
  ['a_b', 'a[b=one'],
  ['a_b', 'a[b]=one'],
  ['a', 'a[b]=one'],
  ['_a', '.a=one'],
  ['_a', ' a=one'],
  ['__Host-id', '__Host-id=one'],
  ['__Host-id', '..Host-id=one'],
  ['__Host-id', '_[Host-id=one'],
  ['__Secure-id', '__Secure-id=one'],
  ['__Secure-id', '.[Secure-id=one'],
  ['ä', 'ä=one'],
].map(([name = '', cookie = '']) => ({
  name: `name ${name}, Cookie: ${cookie}`,
  raw: { cookie: Buffer.from(cookie).toString('latin1') },
  steps: [call('session_name', name), use('full'), start, id],
}));

const queries: Scenario[] = [
  'PHPSESSID=one',
  'PHPSESSID=one&PHPSESSID=two',
  'PHPSESSID[]=one',
  'PHPSESSID=one&PHPSESSID[]=two',
  'PHPSESSID[]=one&PHPSESSID=two',
  'PHPSESSID=a+b',
  'PHPSESSID=a%2Bb',
  'PHPSES%53ID=one',
  'PHPSESSID',
  'PHPSESSID=',
  '&&PHPSESSID=one',
  'a=1;PHPSESSID=one',
  'PHPSESSID=%ff',
  'PHPSESSID=one%00',
  '+PHPSESSID=one',
  'PHPSESSID+=one',
  'PHPSESSID%5B%5D=one',
].flatMap((query): Scenario[] => [
  {
    name: `query ${query}`,
    raw: { query },
    steps: [ini('use_only_cookies', '0'), use('full'), start, id, call('SID'), variables],
  },
  {
    name: `query ${query} beside a cookie`,
    raw: { query, cookie: 'PHPSESSID=cookie' },
    steps: [ini('use_only_cookies', '0'), use('full'), start, id, call('SID')],
  },
]);

/** The head leaves while a callback runs, as with a page that prints from its handler. */
const early: Scenario[] = (['open', 'create_sid', 'read', 'write', 'destroy'] as const).map(
  (callback) => ({
    name: `a head that leaves within ${callback}()`,
    steps: [
      use('full', { [callback]: { does: [['flush']] } }),
      start,
      call('session_regenerate_id', callback === 'destroy'),
      id,
    ],
  }),
);

/** The table's part about requests. */
export const requestScenarios: readonly Scenario[] = [...headers, ...names, ...queries, ...early];
