/** Sequences under another php.ini: auto_start, and settings that a request begins with. */
import type { Scenario } from '../steps.ts';
import { call, close, count, destroy, id, ini, start, status, use, variables } from '../words.ts';

/** Numbers sequences that begin with the same settings. */
function under(
  title: string,
  settings: NonNullable<Scenario['settings']>,
  sequences: readonly Omit<Scenario, 'name'>[],
): Scenario[] {
  return sequences.map((each, at) => ({ name: `${title} ${at}`, settings, ...each }));
}

const automatic = under('auto_start', { auto_start: '1' }, [
  { steps: [status, id, count] },
  {
    raw: { cookie: 'PHPSESSID=known' },
    files: { sess_known: 'count|i:7;' },
    steps: [status, id, variables],
  },
  { steps: [start, status] },
  { steps: [use('full'), status, close, use('full'), start] },
  { steps: [ini('lazy_write', '0'), call('session_name', 'x'), call('session_id', 'x')] },
  { steps: [destroy, start, status] },
  { steps: [call('session_regenerate_id'), close, call('session_regenerate_id')] },
  { steps: [call('session_set_cookie_params', 5), call('session_cache_limiter', 'x'), ['flush']] },
  { steps: [call('session_module_name', 'files'), close, start, start] },
  { raw: { cookie: 'PHPSESSID=a.b' }, steps: [status, id, start] },
  {
    raw: { cookie: 'PHPSESSID=known' },
    files: { sess_known: 'broken' },
    steps: [status, id, start],
  },
]);

const production = {
  use_strict_mode: '1',
  cookie_httponly: '1',
  cookie_samesite: 'Lax',
  sid_length: '26',
  sid_bits_per_character: '5',
  gc_divisor: '1000',
};

const strict = under('php.ini of production', production, [
  { raw: { cookie: 'PHPSESSID=known' }, steps: [start, id, count] },
  { cookies: { PHPSESSID: 'known' }, files: { sess_known: '' }, steps: [start, id, count] },
  { steps: [start, call('session_regenerate_id'), call('session_regenerate_id', true)] },
  { steps: [use('full'), start, call('session_create_id')] },
]);

const inQuery = { use_only_cookies: '0', cache_limiter: '', name: 'PHPSESSID' };

const loose = under('ids in the query', inQuery, [
  { raw: { query: 'PHPSESSID=known' }, steps: [start, id, call('SID'), count] },
  { raw: { cookie: 'PHPSESSID=a', query: 'PHPSESSID=b' }, steps: [start, id, call('SID')] },
  { steps: [start, call('SID'), call('session_regenerate_id'), call('SID')] },
  { steps: [start, close, ini('use_cookies', '0'), start, call('SID')] },
  {
    settings: { auto_start: '1', use_only_cookies: '0' },
    steps: [call('SID'), call('session_regenerate_id'), call('SID')],
  },
]);

/** The table's part about php.ini. */
export const startupScenarios: readonly Scenario[] = [...automatic, ...strict, ...loose];
