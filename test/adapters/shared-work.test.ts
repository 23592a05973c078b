/**
 * `$_SESSION` in functions, loops and objects that work for all requests: they are in the context of
 * the request that began them, or that came first, as docs/the-request.md says.
 */
import assert from 'node:assert/strict';
import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import { spawn } from 'node:child_process';
import { EventEmitter, on } from 'node:events';
import { type FSWatcher, mkdtempSync, rmSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { PassThrough, Writable } from 'node:stream';
import { after, test } from 'node:test';
import { BroadcastChannel, MessageChannel, Worker } from 'node:worker_threads';
import { serve } from './fixture.ts';
import { ambients, bobsArrival, emitOnce } from './overlap.ts';
import { load } from './queue-packages.ts';

/** The program of a worker that returns each message. */
const ECHO = `
  const { parentPort } = require('node:worker_threads');
  parentPort.on('message', (message) => parentPort.postMessage(message));
`;

/** A function that a library calls once for the callbacks of all pages. */
function forAll(): { add(callback: () => void): void; run(): Promise<void> } {
  const callbacks: (() => void)[] = [];
  return {
    add: (callback) => void callbacks.push(callback),
    async run() {
      await bobsArrival();
      for (const each of callbacks.splice(0)) each();
    },
  };
}

test('a function that is called once for all requests: only the explicit form is right', async () => {
  const lodash = load('lodash');
  const [debounced, rejected] = [forAll(), forAll()];
  const [memoized, memoizedAsync, memoizedPromise] = [forAll(), forAll(), forAll()];
  const debounce = lodash.debounce(() => void debounced.run(), 20);
  const memoize = lodash.memoize(memoized.run);
  const memoizee = load('memoizee')(memoizedAsync.run, { promise: true });
  const pMemoize = load('p-memoize').default(memoizedPromise.run);
  const { cargo: cargoOf, memoize: memoizeOf } = load('async');
  const cargo = cargoOf((_, done) => void bobsArrival().then(done));
  const memoizeAsync = memoizeOf((_, done) => void bobsArrival().then(done));
  const made: (() => void)[] = [];
  const create = async (): Promise<object> => {
    for (const each of made) each();
    return {};
  };
  const pool = load('generic-pool').createPool({ create, destroy: async () => {} }, { max: 1 });
  const createdByTarn: (() => void)[] = [];
  const tarn = new (load('tarn').Pool)({
    min: 0,
    max: 1,
    async create() {
      for (const each of createdByTarn) each();
      return { isUsed: false };
    },
    validate: ({ isUsed }: { isUsed: boolean }) => !isUsed,
    destroy() {},
  });
  after(() => tarn.destroy());
  const { defer, shareReplay } = load('rxjs');
  const replayed = defer(() => bobsArrival()).pipe(shareReplay(1));
  const failing = new EventEmitter({ captureRejections: true });
  const fail = emitOnce(() => failing.emit('work'));
  failing.on('work', () => Promise.reject(new Error('no work')));
  failing.on('error', () => void rejected.run());
  const seen = await ambients({
    'lodash, debounce()': (callback) => {
      debounced.add(callback);
      debounce();
    },
    'lodash, memoize()': (callback) => {
      memoized.add(callback);
      void memoize('key');
    },
    'memoizee, with promises': (callback) => {
      memoizedAsync.add(callback);
      void memoizee('key');
    },
    'p-memoize': (callback) => {
      memoizedPromise.add(callback);
      void pMemoize('key');
    },
    'async, cargo.push(task, callback)': (callback) => cargo.push('task', callback),
    'async, memoize(function)': (callback) => memoizeAsync('task', callback),
    'generic-pool, create()': (callback) => {
      made.push(callback);
      void pool.acquire().then((one) => bobsArrival().then(() => pool.destroy(one)));
    },
    'tarn, create()': (callback) => {
      createdByTarn.push(callback);
      void tarn
        .acquire()
        .promise.then((one) =>
          bobsArrival().then(() => tarn.release(Object.assign(one, { isUsed: true }))),
        );
    },
    'rxjs, shareReplay()': (callback) => replayed.subscribe(callback),
    'a rejection that an emitter captures': (callback) => {
      rejected.add(callback);
      fail();
    },
  });
  assert.deepEqual(new Set(Object.values(seen)), new Set(['ann']), JSON.stringify(seen));
});

test('a loop for all requests, and half of an interceptor: only the explicit form is right', async () => {
  const emitter = new EventEmitter();
  let hasLoop = false;
  const worker = async (): Promise<void> => {
    for await (const [callback] of on(emitter, 'work')) {
      await bobsArrival();
      callback();
    }
  };
  const { Pool, DecoratorHandler } = load('undici');
  const url = await serve((_request, response) => setTimeout(() => response.end('ok'), 20));
  const http = new Pool(url, { connections: 1 });
  after(() => http.close());
  const seen = await ambients({
    'one loop over events.on()': (callback) => {
      if (!hasLoop) void worker();
      hasLoop = true;
      // The loop listens from its first turn on.
      setImmediate(() => emitter.emit('work', callback));
    },
    'undici, the response in an interceptor': (callback) => {
      const noted = http.compose((dispatch) => (options, handler) => {
        return dispatch(
          options,
          Object.assign(new DecoratorHandler(handler), { onResponseEnd: callback }),
        );
      });
      void noted.request({ path: '/', method: 'GET' }).catch(() => {});
    },
  });
  assert.deepEqual(new Set(Object.values(seen)), new Set(['ann']), JSON.stringify(seen));
});

test('callbacks of an object that one request made for all run in its context: only the explicit form is right', async () => {
  let resource: AsyncResource | undefined;
  let ports: MessageChannel | undefined;
  let worker: Worker | undefined;
  let child: ReturnType<typeof spawn> | undefined;
  let snapshot: ReturnType<typeof AsyncLocalStorage.snapshot> | undefined;
  let bound: ((callback: () => void) => void) | undefined;
  const input = new PassThrough();
  const lines = createInterface({ input });
  const type = emitOnce(() => input.write('line\n'));
  const slow = new Writable({
    write: (_chunk, _encoding, done) => void bobsArrival().then(() => done()),
  });
  const folder = mkdtempSync(join(tmpdir(), 'phpsessid-watch-'));
  const filename = join(folder, 'worker.mjs');
  writeFileSync(
    filename,
    `import { parentPort } from 'node:worker_threads'; export default () => parentPort.postMessage('');`,
  );
  let workers: InstanceType<ReturnType<typeof load<'piscina'>>['Piscina']> | undefined;
  after(() => workers?.close());
  let channels: BroadcastChannel[] | undefined;
  let watcher: FSWatcher | undefined;
  let interval: NodeJS.Timeout | undefined;
  const ticks: (() => void)[] = [];
  after(() => {
    for (const each of channels ?? []) each.close();
    watcher?.close();
    clearInterval(interval);
    rmSync(folder, { recursive: true });
  });
  after(() => child?.kill());
  after(() => ports?.port1.close());
  after(() => worker?.terminate());
  const seen = await ambients({
    'an AsyncResource': (callback) => {
      resource ??= new AsyncResource('shared');
      resource.runInAsyncScope(callback);
    },
    'messages of a MessagePort': (callback) => {
      ports ??= new MessageChannel();
      ports.port1.once('message', callback);
      ports.port2.postMessage('');
    },
    'messages of a worker': (callback) => {
      worker ??= new Worker(ECHO, { eval: true });
      worker.once('message', callback);
      worker.postMessage('');
    },
    'piscina, messages of its workers': (callback) => {
      workers ??= new (load('piscina').Piscina)({ filename, maxThreads: 1 });
      workers.once('message', callback);
      void workers.run({});
    },
    'AsyncResource.bind()': (callback) => {
      bound ??= AsyncResource.bind((each: () => void) => each());
      bound(callback);
    },
    'AsyncLocalStorage.snapshot()': (callback) => {
      snapshot ??= AsyncLocalStorage.snapshot();
      snapshot(callback);
    },
    'the output of a child process': (callback) => {
      child ??= spawn('cat');
      child.stdout?.once('data', callback);
      child.stdin?.write('text');
    },
    'lines of a stream': (callback) => {
      lines.once('line', callback);
      type();
    },
    'messages of a BroadcastChannel': (callback) => {
      channels ??= [new BroadcastChannel('shared'), new BroadcastChannel('shared')];
      channels[0]?.addEventListener('message', callback);
      channels[1]?.postMessage('');
    },
    'a file that fs.watch() watches': (callback) => {
      watcher ??= watch(folder);
      watcher.once('change', callback);
      writeFileSync(join(folder, 'file'), '');
    },
    'an interval': (callback) => {
      ticks.push(callback);
      interval ??= setInterval(() => {
        for (const each of ticks.splice(0)) each();
      }, 20);
    },
    'the callback of a stream’s write()': (callback) => void slow.write('text', () => callback()),
  });
  assert.deepEqual(new Set(Object.values(seen)), new Set(['ann']), JSON.stringify(seen));
});
