/** A Response that a handler throws, as React Router, Remix and TanStack do: an answer, not an error. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { getSession } from '../../../src/adapters/store/exchange.ts';
import { withFetchSessions } from '../../../src/adapters/store/fetch.ts';
import { honoSessions } from '../../../src/adapters/store/hono.ts';
import {
  type NextCookies,
  nextSessions,
  withProxySessions,
} from '../../../src/adapters/store/next.ts';
import type { Session } from '../../../src/store/session.ts';
import type { Sessions } from '../../../src/store/store.ts';
import { newStore } from '../../store/fixture.ts';
import { jarOf } from './next-jar.ts';

const NAME = '__Host-session';
const HOME = 'https://example.org/home';

type Page = (session: Session<Record<string, unknown>>) => Response | Promise<Response>;
type Handler = (request: Request) => Promise<Response>;

const adapters: Record<string, (sessions: Sessions, page: Page) => Handler> = {
  Fetch: (sessions, page) =>
    withFetchSessions(sessions, async (request) => page(await getSession(request))),
  "Next's proxy": (sessions, page) =>
    withProxySessions(sessions, async (request: Request) => page(await getSession(request))),
  Hono: (sessions, page) => {
    const app = new Hono();
    app.onError((_error, c) => c.text('failed', 500));
    app.use(honoSessions(sessions));
    app.all('*', async (c) => page(await getSession(c.req.raw)));
    return async (request) => app.fetch(request);
  },
};

const at = (cookie = ''): Request => new Request('https://example.org/', { headers: { cookie } });
const cookieOf = (response: Response): string =>
  response.headers.getSetCookie().find((line) => line.startsWith(`${NAME}=`)) ?? '';

/** The value that a promise rejects with. */
async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    () => assert.fail('It did not reject'),
    (reason: unknown) => reason,
  );
}

/** The Response that a handler throws. */
async function thrown(answer: Promise<Response>): Promise<Response> {
  const reason = await rejection(answer);
  assert.ok(reason instanceof Response, String(reason));
  return reason;
}

for (const [name, adapt] of Object.entries(adapters)) {
  test(`${name}: a redirect that is thrown is saved, and thrown on with the cookie`, async () => {
    const sessions = newStore();
    const handler = adapt(sessions, async (session) => {
      session.update('count', (count = 0) => Number(count) + 1);
      // The headers of this Response cannot be changed.
      throw Response.redirect(HOME, 303);
    });
    const first = await thrown(handler(at()));
    assert.deepEqual(
      [first.status, first.headers.get('location'), first.headers.get('cache-control')],
      [303, HOME, 'no-store'],
    );
    const cookie = cookieOf(first).split(';')[0] ?? '';
    const again = await thrown(handler(at(cookie)));
    assert.deepEqual([again.status, again.headers.getSetCookie()], [303, []]);
    const session = await sessions.start(cookie.slice(NAME.length + 1));
    assert.deepEqual(session.data, { count: 2 });
    await session.close();
  });

  test(`${name}: the properties that a router set on its Response stay, and so does its body`, async () => {
    const options = { to: '/home' };
    const handler = adapt(newStore(), (session) => {
      session.data['seen'] = true;
      throw Object.assign(new Response('moved', { status: 307 }), { options });
    });
    const answer = await thrown(handler(at()));
    assert.equal((answer as Response & { options?: object }).options, options);
    assert.equal(await answer.text(), 'moved');
    assert.notEqual(cookieOf(answer), '');
  });

  test(`${name}: a redirect that is thrown does not hide that its session was not saved`, async () => {
    const handler = adapt(newStore(), (session) => {
      session.data['when'] = new Date();
      throw Response.redirect(HOME);
    });
    if (name !== 'Hono') await assert.rejects(handler(at()), { name: 'SessionValueError' });
    else assert.equal((await handler(at())).status, 500);
  });

  test(`${name}: one Response for all visitors takes no cookie of any of them`, async () => {
    const shared = new Response(null, { status: 204 });
    const handler = adapt(newStore(), (session) => {
      session.data['seen'] = true;
      return shared;
    });
    const [ann, bob] = [await handler(at()), await handler(at())].map(cookieOf);
    assert.notEqual(ann, bob);
    assert.deepEqual(shared.headers.getSetCookie(), []);
  });
}

test("Next's proxy: one NextResponse for all visitors takes no cookie of any of them", async () => {
  /** As NextResponse: its cookies are those of its headers. */
  class Answer extends Response {
    readonly cookies: NextCookies = {
      get: () => undefined,
      set: (name, value) => this.headers.append('set-cookie', `${name}=${value}`),
    };
  }
  const shared = new Answer(null, { headers: { 'x-middleware-next': '1' } });
  const proxy = withProxySessions(newStore(), async (request: Request) => {
    (await getSession(request)).data['seen'] = true;
    return shared;
  });
  const [ann, bob] = [await proxy(at()), await proxy(at())];
  assert.notEqual(cookieOf(ann), cookieOf(bob));
  assert.deepEqual(
    [bob.headers.getSetCookie().length, bob.headers.get('x-middleware-next')],
    [1, '1'],
  );
  assert.deepEqual(shared.headers.getSetCookie(), []);
});

test("Next's Route Handler: a Response that is thrown is saved, its cookie set, and kept from caches", async () => {
  const sessions = newStore();
  const { jar } = jarOf(at());
  const { withSession } = nextSessions(sessions, async () => jar);
  const answer = await thrown(
    withSession((session): Response => {
      session.data['seen'] = true;
      throw Response.redirect(HOME);
    }),
  );
  assert.deepEqual([answer.status, answer.headers.get('cache-control')], [302, 'no-store']);
  const session = await sessions.start(jar.get(NAME)?.value);
  assert.deepEqual(session.data, { seen: true });
  await session.close();
});

test('Hono: a handler that returns nothing is not answered with an empty page', async () => {
  const app = new Hono();
  app.use(honoSessions(newStore()));
  app.get('/', async (c) => {
    (await getSession(c.req.raw)).data['tries'] = 1;
    return undefined as unknown as Response;
  });
  app.onError((error, c) => c.text(error.message, 500));
  const answer = await app.request('/');
  assert.match(`${answer.status} ${await answer.text()}`, /^500 Context is not finalized/);
});

test("Hono: the Response of an HTTPException carries the session's cookie", async () => {
  const app = new Hono();
  app.use(honoSessions(newStore()));
  app.get('/', async (c) => {
    (await getSession(c.req.raw)).data['tries'] = 1;
    throw new HTTPException(401, { res: new Response('no', { status: 401 }) });
  });
  const answer = await app.request('/');
  assert.deepEqual([answer.status, await answer.text()], [401, 'no']);
  assert.notEqual(cookieOf(answer), '');
});
