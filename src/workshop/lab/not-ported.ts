/** What the play process says of a class that has no request around it yet. */
import type { RequestListener } from 'node:http';
import type { SessionsExport } from '../bench/contract.ts';

const METHODS = [
  'Open',
  'Close',
  'Read',
  'Write',
  'Destroy',
  'garbageCollect',
  'createId',
  'initCallbacks',
] as const;

/**
 * Lists what a class of the port still lacks.
 *
 * @param Sessions What `#sessions` exported.
 * @returns Names in the order of the port; nothing for a class that is an object's.
 */
export function missingMethods(Sessions: SessionsExport): string[] {
  if (typeof Sessions !== 'function') return [...METHODS];
  if (typeof Sessions.prototype?.read === 'function') return [];
  return METHODS.filter((name) => !(name in Sessions));
}

/**
 * Says which methods are missing.
 *
 * @param missing What {@link missingMethods} found, not empty.
 */
export function notPortedSentence(missing: string[]): string {
  const last = missing.at(-1);
  const list = missing.length > 1 ? `${missing.slice(0, -1).join(', ')} and ${last}` : last;
  const verb = missing.length > 1 ? 'are' : 'is';
  return (
    `Sessions.${list} ${verb} not ported yet, so session_start() has nothing to call: ` +
    'the counter page works from lesson 05 on.'
  );
}

/** A page of one sentence, answered with 501 Not Implemented. */
export function notPortedPage(missing: string[]): RequestListener {
  return (_request, response) => {
    response.writeHead(501, { 'Content-Type': 'text/html; charset=UTF-8' });
    response.end(
      `<!DOCTYPE html>\n<title>Not ported yet</title>\n<p>${notPortedSentence(missing)}</p>\n`,
    );
  };
}
