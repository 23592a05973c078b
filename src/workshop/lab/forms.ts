/** What a button sends, whichever page it stands on. */
import type { Context, MiddlewareHandler } from 'hono';
import type { Html } from './html.ts';
import type { Lab } from './lab.ts';

/** Bigger than any header a client can send, so that a cookie that is too long is tried and not cut. */
const LONGEST_FORM = 256 * 1_024;

/**
 * Lets a form through when it comes from a page of this start, and at no other time.
 *
 * @param lab Whose token the page must hold.
 * @param explain Draws the page for somebody whose button is from an earlier start.
 */
export function guardForms(
  lab: Lab,
  explain: (heading: string, text: string) => Html,
): MiddlewareHandler {
  return async (context, next) => {
    const length = Number(context.req.header('content-length') ?? Number.NaN);
    if (context.req.method !== 'POST') return context.text('Press the button on the page.\n', 405);
    if (!(length <= LONGEST_FORM)) return context.text('The form is too long.\n', 413);
    const form = await context.req.parseBody();
    if (form['token'] === lab.token) return next();
    const page = explain(
      'The page is from an earlier start',
      'Its buttons belong to a lab that has ended. Load the page again.',
    );
    return context.html(page.toString(), 403);
  };
}

/**
 * Reads a form's fields; files are left out.
 *
 * @param context The request that brought it.
 * @param lab Whose database must be there before a button can do anything.
 * @throws Error when the database does not answer.
 */
export async function readFields(context: Context, lab: Lab): Promise<Map<string, string>> {
  const body = await context.req.parseBody();
  if (lab.database.state !== 'up')
    throw new Error('The database is not ready. Try again in a moment.');
  return new Map(
    Object.entries(body).flatMap(([name, value]) =>
      typeof value === 'string' ? [[name, value] as const] : [],
    ),
  );
}

/** Whether a script sent the form: it is told what was done, and loads no page. */
export function wantsJson(context: Context): boolean {
  return context.req.header('accept') === 'application/json';
}
