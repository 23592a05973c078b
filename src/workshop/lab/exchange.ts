/** One HTTP exchange with a play process: for the lab's own two clients, and passed on for others. */
import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import { PlayError, type Player } from './player.ts';
import type { Sender } from './timeline.ts';

/** What went over the wire, line by line. */
export interface Exchange {
  request: string[];
  response: string[];
  status: number;
  setCookie: string[];
  body: string;
  /** The body as a reader sees it, without markup. */
  text: string;
  milliseconds: number;
  instance: number;
  pid: number;
}

/** How long a page may take: longer than any lock wait that a lesson shows. */
const PATIENCE = 20_000;

/**
 * Sends one request as a client would and reads the whole answer.
 *
 * @param player The process of the class.
 * @param sender The client.
 * @param path Path and query.
 * @param cookie The client's Cookie line, `''` for none. Characters go out as UTF-8, as in a browser.
 * @throws PlayError when the class cannot answer.
 */
export async function exchange(
  player: Player,
  sender: Sender,
  path: string,
  cookie: string,
): Promise<Exchange> {
  const { pid, port } = await player.ready();
  const line = Buffer.from(cookie, 'utf8').toString('latin1');
  const headers: [string, string][] = [['Host', `127.0.0.1:${port}`]];
  if (line !== '') headers.push(['Cookie', line]);
  const began = performance.now();
  const answer = await open(
    player,
    pid,
    port,
    { method: 'GET', path, headers: headers.flat() },
    sender,
  );
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of answer) chunks.push(chunk as Uint8Array);
  } catch (error) {
    throw await explain(player, pid, error);
  }
  const pairs = pairUp(answer.rawHeaders);
  const body = Buffer.concat(chunks).toString('utf8');
  return {
    request: [`GET ${path} HTTP/1.1`, ...(cookie === '' ? [] : [`Cookie: ${cookie}`])],
    response: [
      `HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}`,
      ...pairs.map(([name, value]) => `${name}: ${value}`),
    ],
    status: answer.statusCode ?? 0,
    setCookie: pairs
      .filter(([name]) => name.toLowerCase() === 'set-cookie')
      .map(([, value]) => value),
    body,
    text: readText(body),
    milliseconds: performance.now() - began,
    instance: player.instance,
    pid,
  };
}

/**
 * Passes a request on as it came, cookies untouched, and the answer back.
 *
 * @param player The process of the class.
 * @param path Path and query below `/play/…`.
 * @throws PlayError when the class cannot answer and nothing has been sent yet.
 */
export async function passOn(
  player: Player,
  path: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const { pid, port } = await player.ready();
  const headers = pairUp(incoming.rawHeaders).filter(([name]) => !isHopByHop(name));
  const options = { method: incoming.method ?? 'GET', path, headers: headers.flat() };
  const answer = await open(player, pid, port, options, 'outside', incoming);
  const kept = pairUp(answer.rawHeaders).filter(([name]) => !isHopByHop(name));
  outgoing.writeHead(answer.statusCode ?? 502, answer.statusMessage ?? '', kept.flat());
  answer.on('error', () => outgoing.destroy()).pipe(outgoing);
}

/** The text of a page: the lab shows what a class wrote and runs none of it. */
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

interface Outgoing {
  method: string;
  path: string;
  headers: string[];
}

function open(
  player: Player,
  pid: number,
  port: number,
  options: Outgoing,
  sender: Sender,
  body?: IncomingMessage,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = request({
      host: '127.0.0.1',
      port,
      agent: false,
      timeout: PATIENCE,
      setHost: false,
      ...options,
    });
    sent.on('socket', (socket) => {
      socket.once('connect', () => player.expect(socket.localPort ?? 0, sender));
    });
    sent.on('timeout', () => sent.destroy(new Error('timeout')));
    sent.on('error', (error) => explain(player, pid, error).then(reject, reject));
    sent.on('response', resolve);
    if (body) body.pipe(sent);
    else sent.end();
  });
}

/** Why there is no answer: what the process said when it died, or that it lives and is silent. */
async function explain(player: Player, pid: number, error: unknown): Promise<Error> {
  if (error instanceof Error && error.message === 'timeout') {
    return new PlayError({
      message: `The class has not answered for ${PATIENCE / 1_000} seconds.`,
      place: undefined,
    });
  }
  if (player.pid === undefined || player.pid !== pid) await player.settled();
  else await Promise.race([player.settled(), new Promise((resolve) => setTimeout(resolve, 500))]);
  const message =
    player.pid === pid
      ? `The connection to the class broke: ${error instanceof Error ? error.message : error}.`
      : 'The class was started afresh while it answered, for its file has changed. Try again.';
  return new PlayError(player.fault ?? { message, place: undefined });
}

function pairUp(raw: string[]): [string, string][] {
  return raw.flatMap((name, index): [string, string][] =>
    index % 2 === 0 ? [[name, raw[index + 1] ?? '']] : [],
  );
}

function isHopByHop(name: string): boolean {
  return ['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'te', 'trailer'].includes(
    name.toLowerCase(),
  );
}
