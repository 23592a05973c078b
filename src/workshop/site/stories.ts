/** Short programs for the page on the request: which callbacks each line of them calls, and why. */

/** A program of one request, written so that PHP and TypeScript can both read it. */
export interface Story {
  /** The id that the browser sends; undefined for a new visitor. */
  cookie?: string | undefined;
  /** The store's rows before the request. */
  store?: Readonly<Record<string, string>> | undefined;
  /** php.ini's settings for this request. */
  settings?: Readonly<Record<string, string>> | undefined;
  /** True for a handler with only the six required callbacks. */
  onlySix?: boolean | undefined;
  /** Return values of callbacks that fail. */
  answers?: Readonly<Record<string, boolean>> | undefined;
  /** One statement a line. `{ a: true }` is PHP's `['a' => true]`. */
  lines: readonly string[];
}

const ann = { cookie: 'ann', store: { ann: 'count|i:7;' } };
const always = { 'session.gc_probability': '1', 'session.gc_divisor': '1' };
const strict = { 'session.use_strict_mode': '1' };
const count = "$_SESSION['count'] = 8";

/** The stories by the name that a page gives them. */
export const stories: Readonly<Record<string, Story>> = {
  'a new visitor': { lines: ['session_start()', "$_SESSION['count'] = 1"] },
  'a visitor who comes back': { ...ann, lines: ['session_start()', count] },
  'nothing changed': { ...ann, lines: ['session_start()'] },
  'nothing changed, lazy_write off': {
    ...ann,
    settings: { 'session.lazy_write': '0' },
    lines: ['session_start()'],
  },
  'nothing changed, six callbacks': { ...ann, onlySix: true, lines: ['session_start()'] },
  'an invented id': { cookie: 'invented', lines: ['session_start()'] },
  'an invented id, strict': { cookie: 'invented', settings: strict, lines: ['session_start()'] },
  'an invented id, strict, six callbacks': {
    cookie: 'invented',
    onlySix: true,
    settings: strict,
    lines: ['session_start()'],
  },
  'a known id, strict': { ...ann, settings: strict, lines: ['session_start()'] },
  'a new id': { ...ann, lines: ['session_start()', 'session_regenerate_id()', count] },
  'a new id, the old one deleted': {
    ...ann,
    lines: ['session_start()', 'session_regenerate_id(true)', count],
  },
  'a new id, strict': {
    ...ann,
    settings: strict,
    lines: ['session_start()', 'session_regenerate_id(true)'],
  },
  'a new id, taken each time': {
    ...ann,
    settings: strict,
    answers: { validateId: true },
    lines: ['session_start()', 'session_regenerate_id(true)'],
  },
  'the session destroyed': { ...ann, lines: ['session_start()', 'session_destroy()'] },
  'old sessions swept': { ...ann, settings: always, lines: ['session_start()', 'session_gc()'] },
  'read and closed': {
    ...ann,
    lines: ['session_start({ read_and_close: true })', count],
  },
  'written early': { ...ann, lines: ['session_start()', count, 'session_write_close()'] },
  aborted: { ...ann, lines: ['session_start()', count, 'session_abort()'] },
  'read again': { ...ann, lines: ['session_start()', count, 'session_reset()'] },
  'reading fails': { ...ann, answers: { read: false }, lines: ['session_start()'] },
  'writing fails': { ...ann, answers: { write: false }, lines: ['session_start()', count] },
};
