/** One request of the lab's own clients, with everything that went over the wire. */
import { readBody } from '../sandbox/browser.ts';
import type { ClassProcess } from './class-process.ts';
import type { Sender } from './request-entry.ts';

/** An exchange, line by line. */
export interface Exchange {
  request: string[];
  response: string[];
  status: number;
  setCookie: string[];
  /** The body as a reader sees it, without markup. */
  text: string;
  milliseconds: number;
  pid: number;
}

/**
 * Sends one request as a client would and reads the whole response.
 *
 * @param cookie - The client's Cookie line, `''` for none; sent as UTF-8, as by a browser.
 * @throws ClassUnavailable when the class does not answer.
 */
export async function exchange(
  process: ClassProcess,
  sender: Sender,
  path: string,
  cookie: string,
): Promise<Exchange> {
  const headers = cookie === '' ? {} : { Cookie: Buffer.from(cookie, 'utf8').toString('latin1') };
  const began = performance.now();
  return await process.request(sender, { path, headers }, async (response, { pid }) => {
    const body = await readBody(response);
    const { statusCode = 0, statusMessage, rawHeaders } = response;
    return {
      request: [`GET ${path} HTTP/1.1`, ...(cookie === '' ? [] : [`Cookie: ${cookie}`])],
      response: [
        `HTTP/1.1 ${statusCode} ${statusMessage}`,
        ...pairUp(rawHeaders).map(([name, value]) => `${name}: ${value}`),
      ],
      status: statusCode,
      setCookie: response.headers['set-cookie'] ?? [],
      text: readText(body),
      milliseconds: performance.now() - began,
      pid,
    };
  });
}

/** Pairs the names and values of `rawHeaders`. */
export function pairUp(raw: string[]): [string, string][] {
  return raw.flatMap((name, index): [string, string][] =>
    index % 2 === 0 ? [[name, raw[index + 1] ?? '']] : [],
  );
}

/** The text of a page, without markup: the lab does not run a class's scripts. */
function readText(body: string): string {
  const text = body
    .replace(/<(title|script|style)\b.*?<\/\1>/gis, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/&#(\d+);/g, (_all, code: string) => String.fromCodePoint(Number(code) || 0xfffd))
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&amp;/g, '&')
    .replace(/\s+/g, ' ')
    .trim();
  return text.length > 300 ? `${text.slice(0, 300)}…` : text || '(an empty page)';
}
