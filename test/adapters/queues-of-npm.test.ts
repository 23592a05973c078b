/**
 * `$_SESSION` in functions that packages of npm call later. Code after an `await` is always in its own
 * request's context; functions, callbacks and listeners that a library calls may be in another
 * visitor's, as docs/the-request.md says.
 */
import assert from 'node:assert/strict';
import { channel } from 'node:diagnostics_channel';
import { EventEmitter, once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { after, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { serve } from './fixture.ts';
import { ambients, bobsArrival, emitOnce, type Work } from './overlap.ts';
import { load } from './queue-packages.ts';

/** Greets a client, and answers each of its messages after a while. */
async function answering(
  answer: (message: Buffer, isFirst: boolean) => Buffer,
  greeting = '',
): Promise<number> {
  const sockets = new Set<Socket>();
  const listener = createServer((socket) => {
    sockets.add(socket);
    socket.write(greeting);
    let isFirst = true;
    socket.on('data', (message) => {
      const bytes = answer(message, isFirst);
      isFirst = false;
      setTimeout(() => socket.write(bytes), 20);
    });
    socket.on('error', () => {});
  }).listen(0, '127.0.0.1');
  after(() => {
    listener.close();
    for (const socket of sockets) socket.destroy();
  });
  await once(listener, 'listening');
  return (listener.address() as AddressInfo).port;
}

/** A Redis that knows no key. Commands that waited for the connection may come in one message. */
const redis = (): Promise<number> =>
  answering((message) => {
    const commands = String(message).match(/^\*\d+\r$/gm) ?? [];
    return Buffer.from('$-1\r\n'.repeat(commands.length));
  });

/** A PostgreSQL whose queries return no row: AuthenticationOk or CommandComplete, ReadyForQuery. */
const postgres = (): Promise<number> =>
  answering((_, isFirst) => {
    const ready = 'Z\0\0\0\x05I';
    return Buffer.from(`${isFirst ? 'R\0\0\0\x08\0\0\0\0' : 'C\0\0\0\x0dSELECT 0\0'}${ready}`);
  });

/** A mail server that takes every mail. */
const smtp = (): Promise<number> =>
  answering((message) => {
    const isData = /^DATA\r\n/.test(String(message));
    return Buffer.from(isData ? '354 Go on\r\n' : '250 OK\r\n');
  }, '220 ready\r\n');

const slowPage = (): Promise<string> =>
  serve((_request, response) => setTimeout(() => response.end('ok'), 20));

test('functions that a library calls later: only the explicit form is right', async () => {
  const queue = load('async').queue((_, done) => void bobsArrival().then(done), 1);
  const PQueue = load('p-queue').default;
  const pQueue = new PQueue({ concurrency: 1 });
  const bottleneck = new (load('bottleneck'))({ maxConcurrent: 1 });
  const batch: (() => void)[] = [];
  const loader = new (load('dataloader'))(
    async (keys) => {
      for (const each of batch) each();
      return keys;
    },
    { batchScheduleFn: (run: () => void) => void bobsArrival().then(run) },
  );
  const cached: (() => void)[] = [];
  const cache = new (load('lru-cache').LRUCache)({
    max: 1,
    async fetchMethod() {
      await bobsArrival();
      for (const each of cached) each();
      return {};
    },
  });
  const subject = new (load('rxjs').Subject)();
  const emitter = new EventEmitter();
  const [next, emit] = [emitOnce(() => subject.next()), emitOnce(() => emitter.emit('event'))];
  let key = 0;
  const fastq = load('fastq')((_, done) => void bobsArrival().then(done), 1);
  const { Pool: PgPool } = load('pg');
  const pg = new PgPool({ host: '127.0.0.1', port: await postgres(), max: 1 });
  after(() => pg.end());
  const { Pool: HttpPool } = load('undici');
  const http = new HttpPool(await slowPage(), { connections: 1 });
  after(() => http.close());
  const mails = load('nodemailer').createTransport({
    host: '127.0.0.1',
    port: await smtp(),
    pool: true,
    maxConnections: 1,
    ignoreTLS: true,
  });
  after(() => mails.close());
  const mail = { from: 'shop@example.org', to: 'visitor@example.org', text: 'Thank you.' };
  const target = new EventTarget();
  const breaker = new (load('opossum'))(async () => {});
  after(() => breaker.shutdown());
  const fire = emitOnce(() => breaker.fire());
  const { signal, abort } = abortable();
  const messages = channel('phpsessid-test');
  const stream = new PassThrough();
  const dispatch = emitOnce(() => target.dispatchEvent(new Event('event')));
  const [abortOnce, publish] = [emitOnce(abort), emitOnce(() => messages.publish({}))];
  const write = emitOnce(() => stream.write('data'));
  const seen = await ambients({
    'async, queue.push(task, callback)': (callback) => queue.push('task', callback),
    'fastq, push(task, callback)': (callback) => fastq.push('task', callback),
    'pg, pool.query(text, callback)': (callback) => void pg.query('SELECT 1', callback),
    'nodemailer, sendMail(mail, callback)': (callback) =>
      mails.sendMail(mail, (error) => {
        assert.ifError(error);
        callback();
      }),
    'undici, dispatch(options, handler)': (callback) =>
      http.dispatch(
        { path: '/', method: 'GET' },
        { onRequestStart() {}, onResponseEnd: callback, onResponseError() {} },
      ),
    'p-queue, add(function)': (callback) => void pQueue.add(() => bobsArrival().then(callback)),
    'bottleneck, schedule(function)': (callback) =>
      void bottleneck.schedule(() => bobsArrival().then(callback)),
    'dataloader, the function for a batch': (callback) => {
      batch.push(callback);
      key += 1;
      void loader.load(String(key));
    },
    'lru-cache, fetchMethod': (callback) => {
      cached.push(callback);
      void cache.fetch('key');
    },
    'rxjs, subscribe() to a subject that requests share': (callback) => {
      subject.subscribe(callback);
      next();
    },
    'an emitter that requests share': (callback) => {
      emitter.once('event', callback);
      emit();
    },
    'opossum, an event of a circuit breaker that requests share': (callback) => {
      breaker.once('success', callback);
      fire();
    },
    'an EventTarget that requests share': (callback) => {
      target.addEventListener('event', callback);
      dispatch();
    },
    'an AbortSignal that requests share': (callback) => {
      signal.addEventListener('abort', callback);
      abortOnce();
    },
    'a channel of node:diagnostics_channel': (callback) => {
      messages.subscribe(callback);
      publish();
    },
    'a stream that requests share': (callback) => {
      stream.once('data', callback);
      write();
    },
  });
  assert.deepEqual(new Set(Object.values(seen)), new Set(['ann']), JSON.stringify(seen));
});

test('then() of promises that are not Node’s: only the explicit form is right', async () => {
  const { workers, shared } = foreignPromises();
  const seen = await ambients({
    'bluebird, promise.then(callback)': (callback) => void shared().then(callback),
    'workerpool, exec().then(callback)': (callback) => void workers.exec(spend).then(callback),
  });
  assert.deepEqual(new Set(Object.values(seen)), new Set(['ann']), JSON.stringify(seen));
});

test('functions that a library binds to their request keep the context', async () => {
  const limit = load('p-limit').default(1);
  const { default: Redis } = load('ioredis');
  const client = new Redis({
    port: await redis(),
    enableReadyCheck: false,
    disableClientInfo: true,
  });
  after(() => client.disconnect());
  const seen = await ambients({
    'p-limit, limit(function)': (callback) => void limit(() => bobsArrival().then(callback)),
    'ioredis, get(key, callback)': (callback) => void client.get('key', callback),
    setTimeout: (callback) => void setTimeout(callback, 20),
    setImmediate: (callback) => void setImmediate(callback),
    'process.nextTick': (callback) => process.nextTick(callback),
    queueMicrotask: (callback) => queueMicrotask(callback),
  });
  assert.deepEqual(new Set(Object.values(seen)), new Set(['bob']), JSON.stringify(seen));
});

test('the code after an await keeps the context, whatever library it waits for', async () => {
  const PQueue = load('p-queue').default;
  const pQueue = new PQueue({ concurrency: 1 });
  const bottleneck = new (load('bottleneck'))({ maxConcurrent: 1 });
  const loader = new (load('dataloader'))(async (keys) => keys, {
    batchScheduleFn: (run: () => void) => setTimeout(run, 40),
  });
  const factory = { create: async () => ({}), destroy: async () => {} };
  const pool = load('generic-pool').createPool(factory, { max: 1 });
  const { LRUCache } = load('lru-cache');
  const cache = new LRUCache({ max: 1, fetchMethod: () => delay(40).then(() => ({})) });
  const { Subject, firstValueFrom } = load('rxjs');
  const subject = new Subject();
  const { workers, shared } = foreignPromises();
  const { Pool: PgPool } = load('pg');
  const pg = new PgPool({ host: '127.0.0.1', port: await postgres(), max: 1 });
  after(() => pg.end());
  const { Pool: HttpPool } = load('undici');
  const http = new HttpPool(await slowPage(), { connections: 1 });
  after(() => http.close());
  const emitter = new EventEmitter();
  const waitingFor = (wait: () => PromiseLike<unknown>): Work => {
    return async (callback) => {
      await wait();
      callback();
    };
  };
  const seen = await ambients({
    'p-queue': waitingFor(() => pQueue.add(() => delay(20))),
    bottleneck: waitingFor(() => bottleneck.schedule(() => delay(20))),
    dataloader: waitingFor(() => loader.load('key')),
    'generic-pool': waitingFor(async () => {
      const one = await pool.acquire();
      setTimeout(() => pool.release(one), 20);
    }),
    'lru-cache': waitingFor(() => cache.fetch('key')),
    'rxjs, firstValueFrom()': waitingFor(() => {
      setTimeout(() => subject.next(), 40);
      return firstValueFrom(subject);
    }),
    bluebird: waitingFor(shared),
    pg: waitingFor(() => pg.query('SELECT 1')),
    undici: waitingFor(async () => {
      const { body } = await http.request({ path: '/', method: 'GET' });
      return await body.text();
    }),
    'events.once()': waitingFor(() => {
      setTimeout(() => emitter.emit('event'), 40);
      return once(emitter, 'event');
    }),
    workerpool: waitingFor(() => workers.exec(spend)),
  });
  assert.deepEqual(new Set(Object.values(seen)), new Set(['bob']), JSON.stringify(seen));
});

function abortable(): { signal: AbortSignal; abort: () => void } {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}

/** One worker, and one promise of Bluebird, that requests share. */
function foreignPromises() {
  const workers = load('workerpool').pool({ maxWorkers: 1 });
  after(() => workers.terminate());
  let promise: PromiseLike<void> | undefined;
  return {
    workers,
    shared: () => {
      const Bluebird = load('bluebird');
      promise ??= new Bluebird((resolve: () => void) => void bobsArrival().then(resolve));
      return promise;
    },
  };
}

/** Runs in a worker. */
function spend(): void {
  const end = Date.now() + 20;
  while (Date.now() < end);
}
