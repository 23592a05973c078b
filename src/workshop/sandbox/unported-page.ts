/** The page of a class that no request can go around yet. */
import { tracingChannel } from 'node:diagnostics_channel';
import type { RequestListener } from 'node:http';
import { errorMessage } from '../machine/error-message.ts';
import type { SessionsExport } from './contract.ts';
import { handlerClassOf } from './handler-class.ts';
import { escapeHtml, sendPage } from './html.ts';
import { METHODS } from './methods.ts';
import { describeValue } from './trace.ts';

const channel = tracingChannel<unknown, { callback: string; values: unknown[] }>(
  'phpsessid:callback',
);

/** Lists the methods that a class of the port still lacks, in the order of the port. */
export function missingMethods(Sessions: SessionsExport): string[] {
  const names = [...METHODS.map(({ name }) => name), 'initCallbacks'];
  if (typeof Sessions !== 'function') return names;
  if (handlerClassOf(Sessions)) return [];
  return names.filter((name) => !(name in Sessions));
}

function notPortedSentence(missing: string[]): string {
  const last = missing.at(-1);
  const list = missing.length > 1 ? `${missing.slice(0, -1).join(', ')} and ${last}` : last;
  const verb = missing.length > 1 ? 'are' : 'is';
  return (
    `Sessions.${list} ${verb} not ported yet, so session_start() has nothing to call: ` +
    'the counter page works from lesson 05 on.'
  );
}

/**
 * Serves a class that no request can go around yet: one sentence, and its methods by hand.
 * `/call?method=Read&value=1` calls one, traced as PHP's session functions are.
 */
export function unportedPage(Sessions: SessionsExport, missing: string[]): RequestListener {
  return async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const [status, text] =
      url.pathname === '/call' ? await call(Sessions, url) : [501, notPortedSentence(missing)];
    sendPage(response, status, `<p>${escapeHtml(text)}</p>\n`);
  };
}

async function call(Sessions: SessionsExport, { searchParams }: URL): Promise<[number, string]> {
  const wanted = searchParams.get('method') ?? '';
  const known = METHODS.find(({ name }) => name === wanted);
  const method = (Sessions as unknown as Record<string, unknown> | undefined)?.[wanted];
  if (!known || typeof method !== 'function') return [404, `Sessions.${wanted} is not ported yet.`];
  const given = searchParams.getAll('value');
  const values =
    known.callback === 'open'
      ? ['', 'MySession']
      : known.callback === 'gc'
        ? given.map(Number)
        : given;
  const written = `${wanted}(${values.map(describeValue).join(', ')})`;
  try {
    const answer = await channel.tracePromise(
      async () => Reflect.apply(method, Sessions, values) as unknown,
      { callback: known.callback, values },
    );
    return [200, `${written} answers ${describeValue(answer)}`];
  } catch (error) {
    return [500, `${written} fails: ${errorMessage(error)}`];
  }
}
