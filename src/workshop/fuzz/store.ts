/** Spoiled cookies, rows and envelopes against the store: no crash, no revival, no prototype touched. */
import { setImmediate } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { SessionCookie } from '../../adapters/store/cookie.ts';
import {
  decodeEnvelope,
  EnvelopeError,
  encodeEnvelope,
  encodeSession,
} from '../../serialize/index.ts';
import { KeyedHash } from '../../store/identifiers.ts';
import { SessionConflict, SessionUnreadable, SessionValueError } from '../../store/index.ts';
import { merge } from '../../store/payload/merge.ts';
import { type Format, Payload } from '../../store/payload/payload.ts';
import { PayloadSeal } from '../../store/payload/seal.ts';
import { seededRandom } from '../bench/random.ts';

/** The ends of the cases of one kind. */
interface StoreTally {
  readonly kind: 'cookies' | 'rows' | 'envelopes';
  readonly compared: number;
  /** The number that were refused with an error of the library. */
  readonly refused: number;
  /** The number that were read, each as the value that it is. */
  readonly taken: number;
}

type Verdict = 'refused' | 'taken';

const PIECES = [
  ...['"', '\\', '{', '}', '[', ']', ':', ',', ';', '|', '=', ' ', '\t', '\0', '\r\n', '%00'],
  ...['__proto__', 'constructor', 'prototype', '"__proto__":{"admin":true},', '{"$php":"ref"'],
  ...['a:1:{', 's:9:"__proto__";', 'i:0;', 'R:1;', 'r:1;', 'O:8:"stdClass":0:{}', 'C:1:"A":0:{}'],
  ...['1e999', '-0', '9223372036854775808', 'null', 'true', '\\u0000', '\\ud800', '"$php":'],
  ...[
    '__Host-session=',
    '; __Host-session',
    '\xa0',
    '\xc2\xa0',
    '\xff\x50\x53\x01',
    '\xff',
    '\xed\xa0\x80',
  ],
].map((text) => Buffer.from(text, 'latin1'));

const SESSIONS = [
  { n: 1, name: 'Ann', cart: ['tea', { price: 1.5 }], seen: true },
  { '': null, ünïcode: 'é', deep: { a: { b: { c: [1, [2, [3]]] } } } },
  { list: Array.from({ length: 20 }, (_, at) => at), text: 'x'.repeat(200) },
];

const FORMATS: readonly Format[] = ['json', 'php', 'php_serialize', 'php_binary'];

/** Cases without a pause, after which other work of the process has its turn. */
const AT_ONCE = 2000;

/**
 * Spoils cookies, rows and envelopes, a third of the cases each.
 *
 * @param seed - The same seed gives the same cases.
 * @param count - How many.
 * @returns A tally of each kind.
 * @throws Error that names the seed and the case, at the first one that crashes, is taken for another
 *   session, or touches a prototype.
 */
export async function spoilStore(seed: number, count: number): Promise<StoreTally[]> {
  const prototype = shapeOfPrototypes();
  const tallies: StoreTally[] = [];
  for (const [kind, spoil] of [
    ['cookies', cookieSpoiler()],
    ['rows', rowSpoiler()],
    ['envelopes', envelopeSpoiler()],
  ] as const) {
    const { next } = seededRandom(String((seed + tallies.length) >>> 0));
    const random: Random = (bound) => Math.floor(next() * bound);
    const of = tallies.length < 2 ? Math.floor(count / 3) : count - 2 * Math.floor(count / 3);
    const verdicts = { refused: 0, taken: 0 };
    for (let at = 0; at < of; at += 1) {
      try {
        verdicts[spoil(random)] += 1;
      } catch (error) {
        throw new Error(`seed ${seed}, ${kind}, case ${at}: ${String(error)}`, { cause: error });
      }
      if (at % AT_ONCE !== AT_ONCE - 1) continue;
      await setImmediate();
    }
    if (shapeOfPrototypes() !== prototype) throw new Error(`seed ${seed}, ${kind}: a prototype`);
    tallies.push({ kind, compared: of, ...verdicts });
  }
  return tallies;
}

/** A Cookie header: its session is the one of the cookie, or none that exists. */
function cookieSpoiler(): (random: Random) => Verdict {
  const cookie = new SessionCookie();
  const hash = new KeyedHash(['s'.repeat(32), 't'.repeat(32)]);
  const id = hash.newId();
  const keys = hash.keysOf(id);
  const header = Buffer.from(`theme=dark; __Host-session=${id}; lang=de`);
  return (random) => {
    const value = cookie.read(spoiled(header, random).toString('latin1'));
    if (!hash.isId(value)) return 'refused';
    const isKnown = hash.keysOf(value).some((key) => keys.some((each) => each.equals(key)));
    if (isKnown !== (value === id)) throw new Error('an id that was not issued finds a session');
    return 'taken';
  };
}

/** The bytes of a row: read by key, written again, and merged with another request's. */
function rowSpoiler(): (random: Random) => Verdict {
  const rows = SESSIONS.flatMap((session) => [
    ...FORMATS.map((format) => ({ format, bytes: bytesOf(session, format) })),
    { format: 'json' as const, bytes: Buffer.from(JSON.stringify(session)) },
  ]);
  return (random) => {
    const { format, bytes } = rows[random(rows.length)] as (typeof rows)[number];
    const row = spoiled(bytes, random);
    return verdictOf(() => {
      const payload = new Payload(row, format);
      const values = valuesOf(payload);
      const written = payload.with(new Map(), payload.format);
      const isSame = payload.isPlain
        ? isDeepStrictEqual(valuesOf(new Payload(written, format)), values)
        : written.equals(row);
      if (!isSame) throw new Error('the payload changes when it is written again');
      merge(bytes, bytes, row, format, ({ theirs }) => theirs);
      merge(row, bytes, row, format, ({ mine }) => mine);
    });
  };
}

/** A sealed payload opens as it was or not at all; an envelope is read strictly. */
function envelopeSpoiler(): (random: Random) => Verdict {
  const seal = new PayloadSeal({ keys: ['k'.repeat(32)] });
  const key = Buffer.alloc(32, 1);
  const sealed = SESSIONS.map((session) => {
    const data = bytesOf(session, 'json');
    return { data, bytes: seal.close(key, data) };
  });
  const envelopes = SESSIONS.map((session) => encodeEnvelope(session));
  return (random) => {
    const at = random(SESSIONS.length);
    if (random(2) === 0) {
      const { data, bytes } = sealed[at] as (typeof sealed)[number];
      const row = { key, data: spoiled(bytes, random) };
      return verdictOf(() => {
        if (!seal.open(row).data.equals(data)) throw new Error('a changed payload was opened');
      });
    }
    return verdictOf(() => {
      const read = decodeEnvelope(spoiled(envelopes[at] as Buffer, random));
      const again = decodeEnvelope(encodeEnvelope(read));
      if (!isDeepStrictEqual(read, again))
        throw new Error('the payload changes when it is written again');
    });
  };
}

function valuesOf(payload: Payload): [string, unknown][] {
  return [...payload.keys].map((key) => [key, payload.valueOf(key)]);
}

function verdictOf(attempt: () => void): Verdict {
  try {
    attempt();
    return 'taken';
  } catch (error) {
    const isTyped =
      error instanceof SessionUnreadable ||
      error instanceof SessionValueError ||
      error instanceof SessionConflict ||
      error instanceof EnvelopeError;
    if (!isTyped) throw error;
    return 'refused';
  }
}

function bytesOf(session: Record<string, unknown>, format: Format): Buffer {
  if (format === 'json') return encodeEnvelope(session as never);
  const { bytes } = encodeSession(format, session as never);
  if (bytes === false) throw new Error(`${format} cannot hold the session`);
  return bytes as Buffer;
}

/** A whole number below a bound. */
type Random = (bound: number) => number;

/** Spoils bytes in one to four places: a byte, a piece put in or over, a cut, a copy. */
function spoiled(bytes: Buffer, random: Random): Buffer {
  let result = Buffer.from(bytes);
  for (let edits = 1 + random(4); edits > 0; edits -= 1) {
    const at = random(result.length + 1);
    const [before, after] = [result.subarray(0, at), result.subarray(at)];
    const piece = PIECES[random(PIECES.length)] as Buffer;
    const size = random(12);
    const parts = [
      [before, Buffer.of(random(256)), after.subarray(1)],
      [before, Buffer.of((after[0] ?? 0) ^ (1 << random(8))), after.subarray(1)],
      [before, piece, after],
      [before, piece, after.subarray(piece.length)],
      [before, after.subarray(size)],
      [before, before.subarray(-size), after],
      [before],
    ][random(7)] as Buffer[];
    result = Buffer.concat(parts);
  }
  return result;
}

function shapeOfPrototypes(): string {
  return [Object, Array, Map, String, Function, Buffer]
    .map(({ prototype }) => Object.getOwnPropertyNames(prototype).join())
    .join(';');
}
