/** The forms of every page: which are accepted, their fields, and the answer. */
import type { Context, MiddlewareHandler } from 'hono';
import type { Lab } from './lab.ts';
import { moment } from './live.ts';
import { Refused } from './refused.ts';
import { messagePage } from './views/frame.ts';

/** Larger than any header a client can send, so that an oversized cookie is tried and not cut. */
const LONGEST_FORM = 256 * 1_024;

/** Accepts a form only with the token of this lab's pages. */
export function guardForms(lab: Lab): MiddlewareHandler {
  return async (context, next) => {
    const length = Number(context.req.header('content-length') ?? Number.NaN);
    if (!(length <= LONGEST_FORM)) {
      const said = `The form is too long: ${LONGEST_FORM / 1_024} KB at most are accepted.`;
      return isFromScript(context) ? context.json({ said }, 413) : context.text(`${said}\n`, 413);
    }
    // Hono throws a TypeError for a multipart body that it cannot read.
    const form = await context.req.parseBody().catch(() => undefined);
    if (form?.['token'] === lab.token) return next();
    const text = 'Its buttons belong to a lab that has ended. Load the page again.';
    return context.html(messagePage('The page is from an earlier start', text), 403);
  };
}

/**
 * Reads a form's fields, without files.
 *
 * @throws Refused while the database is not ready.
 */
export async function readFields(context: Context, lab: Lab): Promise<Map<string, string>> {
  const body = await context.req.parseBody();
  if (lab.database.state !== 'up')
    throw new Refused('The database is not ready. Try again in a moment.');
  return new Map(
    Object.entries(body).flatMap(([name, value]) =>
      typeof value === 'string' ? [[name, value] as const] : [],
    ),
  );
}

/** True when a script sent the form: its page receives the changes as events and loads nothing. */
export function isFromScript(context: Context): boolean {
  return context.req.header('accept') === 'application/json';
}

/** Answers a form: with a sentence for a script, else by redirecting to the page that shows it. */
export function answerForm(context: Context, outcome: string, address: string): Response {
  return isFromScript(context)
    ? context.json({ said: outcome, at: moment() })
    : context.redirect(address, 303);
}
