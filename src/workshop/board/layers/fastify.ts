/** A site on Fastify with @fastify/session. */
import { createServer, type RequestListener } from 'node:http';
import { Readable } from 'node:stream';
import fastifyCookie from '@fastify/cookie';
import fastifySession, { type FastifySessionOptions } from '@fastify/session';
import Fastify from 'fastify';
import type { CallbackStore, Page, PageSession } from '../../../contract/index.ts';
import type { Ground } from '../ground.ts';

/** Serves a page behind @fastify/session. */
export async function serveFastifySession(
  ground: Ground,
  store: CallbackStore,
  page: Page,
): Promise<string> {
  let handle: RequestListener = () => {};
  const app = Fastify({
    trustProxy: true,
    serverFactory: (handler) => {
      handle = handler;
      return createServer();
    },
  });
  app.setErrorHandler((_error, _request, reply) => reply.status(500).send('failed'));
  app.register(fastifyCookie);
  app.register(fastifySession, {
    secret: 'signs the cookie of the board, 32 bytes or more',
    store: store as unknown as NonNullable<FastifySessionOptions['store']>,
    saveUninitialized: false,
    rolling: false,
    cookie: { httpOnly: true, secure: true, sameSite: 'lax' },
  });
  app.all('*', async (request, reply) => {
    const open = async (): Promise<PageSession> => ({
      get: (key) => request.session.get(key as never),
      set: (key, value) => request.session.set(key as never, value as never),
      async login(user) {
        await request.session.regenerate();
        request.session.set('user' as never, user as never);
      },
      destroy: () => request.session.destroy(),
    });
    const { status = 200, headers = {}, body = '' } = await page(open, request.url);
    const sent = typeof body === 'string' ? body : Readable.from(body);
    return reply.status(status).headers(headers).send(sent);
  });
  await app.ready();
  return await ground.serve((request, response) => handle(request, response));
}
