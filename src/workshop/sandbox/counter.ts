/**
 * The counter page: the article's example as a server, for any class of any lesson.
 *
 * The bench, the lab and the attacks all serve this one page, so that what a test proves is what
 * a browser shows.
 */
import { type Channel, channel } from 'node:diagnostics_channel';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { type PhpSessionOptions, withPhpSession } from '../../adapters/node.ts';
import {
  $_SESSION,
  session_destroy,
  session_set_save_handler,
  session_start,
} from '../../php/index.ts';
import type { Means, SessionsConstructor, SessionsExport, StaticSessions } from './contract.ts';
import { handlerClassOf } from './handler-class.ts';
import { escapeHtml, sendPage } from './html.ts';
import { NotPorted } from './not-ported.ts';

/** Publishes `{ error }` for every error that ends a page with a status of 500. */
export const pageErrors: Channel = channel('phpsessid:page-error');

/**
 * Makes the counter page for a class.
 *
 * `/` counts, `/login?user=ann` signs in as a page of 2010 would unless the class has a `Login` of
 * its own, `/whoami` says who is signed in, `/logout` ends the session, and `/up` uses none: a proxy
 * asks for it to see whether the server works. A request that the class does not allow gets 403.
 *
 * @param sessions - The export of `#sessions`.
 * @param options - Passed on to the session scope of each request.
 * @param means - The parts for the handler objects of a class that has a constructor.
 * @returns A listener for `node:http`'s `createServer`.
 * @throws NotPorted when the class cannot be registered with PHP's functions yet.
 * @example
 * createServer(counterPage(Sessions)).listen(8080, '127.0.0.1');
 */
export function counterPage(
  sessions: SessionsExport,
  options?: PhpSessionOptions,
  means?: Means,
): RequestListener {
  const register = registration(sessions, means);
  const { Allows, Login = trustingLogin } = sessions as StaticSessions;
  const listener = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const page = pages[url.pathname];
    if (url.pathname === '/up') {
      sendPage(response, 200, '<p>Up</p>\n');
      return;
    }
    if (!page) {
      sendPage(response, 404, `<p>There is no page ${escapeHtml(url.pathname)}</p>\n`);
      return;
    }
    if (Allows?.(request) === false) {
      sendPage(response, 403, '<p>This request came from another site</p>\n');
      return;
    }
    await register(url.pathname);
    if (!(await session_start())) {
      sendPage(response, 500, '<p>The session could not be started</p>\n');
      return;
    }
    sendPage(response, 200, await page(url, Login));
  };
  return withPhpSession(async (request, response) => {
    try {
      await listener(request, response);
    } catch (error) {
      pageErrors.publish({ error });
      throw error;
    }
  }, options);
}

type Login = NonNullable<StaticSessions['Login']>;
type Page = (url: URL, login: Login) => string | Promise<string>;

/** No password and no new id: a page that trusts the session it was given. */
const trustingLogin: Login = (user) => {
  $_SESSION['user'] = user;
};

const pages: Record<string, Page | undefined> = {
  '/': () => {
    const count = Number($_SESSION['count'] ?? 0) + 1;
    $_SESSION['count'] = count;
    return `<p>Count: ${count}</p>\n`;
  },
  '/login': async (url, login) => {
    const user = url.searchParams.get('user') ?? 'guest';
    await login(user);
    return `<p>Welcome, ${escapeHtml(user)}</p>\n`;
  },
  '/whoami': () => {
    const user = $_SESSION['user'];
    return user === undefined
      ? '<p>Nobody is signed in</p>\n'
      : `<p>Signed in as ${escapeHtml(String(user))}</p>\n`;
  },
  '/logout': async () => {
    await session_destroy();
    return '<p>Goodbye</p>\n';
  },
};

/** A class registers itself; without its help, a handler object is made for each request. */
function registration(
  sessions: SessionsExport,
  means: Means = {},
): (path: string) => Promise<void> {
  const { initCallbacks } = sessions as SessionsConstructor;
  if (typeof initCallbacks === 'function') {
    return async (path) => {
      // With a cache, the page that changes nothing is opened for reading only.
      const own = process.env['SESSION_CACHE'] && path === '/whoami' ? { readOnly: true } : {};
      await initCallbacks.call(sessions, { ...own, ...means });
    };
  }
  const handler = handlerClassOf(sessions, means);
  if (!handler) {
    const method = { name: 'initCallbacks', example: 'static initCallbacks(): boolean' };
    throw new NotPorted(method);
  }
  return async () => {
    session_set_save_handler(new handler(means));
  };
}
