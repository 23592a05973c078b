/**
 * A response that keeps its head back until the session is saved.
 *
 * A browser that is told where to go next may be there before a session that is saved afterwards.
 */
import {
  type OutgoingHttpHeader,
  type OutgoingHttpHeaders,
  type ServerResponse,
  validateHeaderName,
  validateHeaderValue,
} from 'node:http';

/** What holds the head back, and who hears of a failure. */
export interface Hold {
  /** Whether anything must be saved before the head may leave. */
  isNeeded(): boolean;
  /** Hears of the call that sends the head, given as the function that was called. */
  sends(called: (...values: never[]) => unknown): void;
  /** Saves it. */
  save(): Promise<void>;
  /** Answers instead when it could not be saved; nothing has left yet. */
  fail(error: unknown): void;
}

type Call = () => unknown;
type HeadValues = OutgoingHttpHeaders | OutgoingHttpHeader[] | undefined;

const GUARDED = ['setHeader', 'appendHeader', 'removeHeader', 'setHeaders'] as const;

/**
 * Makes a response wait for its session. Everything that would send the head is kept, in order,
 * until the session is saved; then it happens as if it had been called just now.
 *
 * @param response - The response; its methods are replaced on this one object.
 * @param hold - What to wait for.
 */
export function holdBack(response: ServerResponse, hold: Hold): void {
  const original = {
    writeHead: response.writeHead.bind(response) as (...values: unknown[]) => ServerResponse,
    write: response.write.bind(response) as (...values: unknown[]) => boolean,
    end: response.end.bind(response) as (...values: unknown[]) => ServerResponse,
    flushHeaders: response.flushHeaders.bind(response),
  };
  let state: 'open' | 'saving' | 'saved' = 'open';
  let calls: Call[] = [];
  let ending = false;
  let owesDrain = false;
  let restore: (() => void) | undefined;

  /** Keeps a call until the session is saved; false when it may happen now. */
  const whenSaved = (call: Call): boolean => {
    if (state === 'open') {
      if (!hold.isNeeded()) {
        release();
        return false;
      }
      begin();
    }
    if (state === 'saved') return false;
    calls.push(call);
    return true;
  };

  const begin = (): void => {
    state = 'saving';
    restore ??= pretendHeadIsSent(response, () => ending);
    hold.save().then(release, (error: unknown) => {
      restore?.();
      state = 'saved';
      calls = [];
      hold.fail(error);
    });
  };

  const release = (): void => {
    restore?.();
    state = 'saved';
    const waiting = calls;
    calls = [];
    try {
      for (const call of waiting) call();
    } catch (error) {
      response.destroy(error as Error);
      return;
    }
    if (owesDrain && !ending && !response.writableNeedDrain) response.emit('drain');
  };

  const writeHead = (...values: unknown[]): ServerResponse => {
    hold.sends(writeHead);
    if (state === 'saved') return original.writeHead(...keepCookies(response, values));
    if (calls.length > 0) throw headIsSent('write');
    checkHead(values);
    // Node sends the head with the first byte: until then the session may still change.
    calls.push(() => original.writeHead(...keepCookies(response, values)));
    restore ??= pretendHeadIsSent(response, () => ending);
    return response;
  };
  const write = (...values: unknown[]): boolean => {
    hold.sends(write);
    if (isChunk(values[0]) && whenSaved(() => original.write(...values))) {
      owesDrain = true;
      return false;
    }
    return original.write(...values);
  };
  const end = (...values: unknown[]): ServerResponse => {
    hold.sends(end);
    const isFine = values[0] == null || typeof values[0] === 'function' || isChunk(values[0]);
    if (isFine && whenSaved(() => original.end(...values))) {
      ending = true;
      return response;
    }
    return original.end(...values);
  };
  const flushHeaders = (): void => {
    hold.sends(flushHeaders);
    if (!whenSaved(() => original.flushHeaders())) original.flushHeaders();
  };
  Object.assign(response, { writeHead, write, end, flushHeaders });
}

function isChunk(value: unknown): boolean {
  return typeof value === 'string' || value instanceof Uint8Array;
}

function headIsSent(action: 'set' | 'write'): Error {
  const error = new Error(`Cannot ${action} headers after they are sent to the client`);
  return Object.assign(error, { code: 'ERR_HTTP_HEADERS_SENT' });
}

/** While the head waits, the response looks and behaves as if it had left. */
function pretendHeadIsSent(response: ServerResponse, isEnding: () => boolean): () => void {
  const refuse = (): never => {
    throw headIsSent('set');
  };
  const names = ['headersSent', 'writableEnded', ...GUARDED];
  Object.defineProperty(response, 'headersSent', { configurable: true, get: () => true });
  Object.defineProperty(response, 'writableEnded', { configurable: true, get: isEnding });
  for (const name of GUARDED) {
    Object.defineProperty(response, name, { configurable: true, writable: true, value: refuse });
  }
  return () => {
    for (const name of names) Reflect.deleteProperty(response, name);
  };
}

/** Refuses at once what Node would refuse, at the line that called. */
function checkHead(values: readonly unknown[]): void {
  const status = Number(values[0]) | 0;
  if (status < 100 || status > 999) {
    const error = new RangeError(`Invalid status code: ${String(values[0])}`);
    throw Object.assign(error, { code: 'ERR_HTTP_INVALID_STATUS_CODE' });
  }
  const headers = headersOf(values);
  if (headers === undefined || Array.isArray(headers)) return;
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined) continue;
    validateHeaderName(name);
    for (const each of Array.isArray(value) ? value : [value])
      validateHeaderValue(name, String(each));
  }
}

function headersOf(values: readonly unknown[]): HeadValues {
  return (typeof values[1] === 'string' ? values[2] : values[1]) as HeadValues;
}

/** Cookies given to writeHead() join those that are set; Node would put them in their place. */
function keepCookies(response: ServerResponse, values: unknown[]): unknown[] {
  const headers = headersOf(values);
  const set = response.getHeader('Set-Cookie');
  if (headers === undefined || headers === null || set === undefined) return values;
  const pairs: [string, OutgoingHttpHeader][] = Array.isArray(headers)
    ? pairUp(headers)
    : (Object.entries(headers).filter(([, value]) => value !== undefined) as never);
  const isCookie = ([name]: [string, unknown]): boolean => name.toLowerCase() === 'set-cookie';
  if (!pairs.some(isCookie)) return values;
  const given = pairs.filter(isCookie).flatMap(([, value]) => value as string | string[]);
  response.setHeader('Set-Cookie', [...[set as string | string[]].flat(), ...given]);
  const others = pairs.filter((pair) => !isCookie(pair));
  const rest = Array.isArray(headers) ? others.flat() : Object.fromEntries(others);
  return typeof values[1] === 'string' ? [values[0], values[1], rest] : [values[0], rest];
}

function pairUp(headers: readonly unknown[]): [string, OutgoingHttpHeader][] {
  if (Array.isArray(headers[0])) return headers as [string, OutgoingHttpHeader][];
  const pairs: [string, OutgoingHttpHeader][] = [];
  for (let at = 0; at + 1 < headers.length; at += 2) {
    pairs.push([String(headers[at]), headers[at + 1] as OutgoingHttpHeader]);
  }
  return pairs;
}
