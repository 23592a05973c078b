/**
 * `$_SESSION` in functions that packages of npm call later. Code after an `await` is always in its own
 * request's context; functions, callbacks and listeners that a library calls may be in another
 * visitor's, as docs/the-request.md says.
 */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { after, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fetchNpm } from '../../src/workshop/machine/npm-packages.ts';
import { overlap, type Work } from './overlap.ts';

/** The parts of the packages that these tests use; they are fetched, and have no types here. */
interface Fetched {
  async: {
    queue(
      worker: (task: string, done: () => void) => void,
      workers: number,
    ): { push(task: string, done: () => void): void };
  };
  bluebird: { delay(milliseconds: number): PromiseLike<void> };
  bottleneck: new (
    options: object,
  ) => {
    schedule(task: () => Promise<void>): Promise<void>;
  };
  dataloader: new (
    batch: (keys: readonly string[]) => Promise<readonly string[]>,
    options?: object,
  ) => { load(key: string): Promise<string> };
  'generic-pool': {
    createPool(
      factory: object,
      options: object,
    ): { acquire(): Promise<object>; release(one: object): void };
  };
  'lru-cache': {
    LRUCache: new (options: {
      max: number;
      fetchMethod: () => Promise<object>;
    }) => { fetch(key: string): Promise<object> };
  };
  'p-queue': {
    default: new (
      options: object,
    ) => {
      add(task: () => Promise<void>): Promise<void>;
    };
  };
  rxjs: {
    Subject: new () => { subscribe(next: () => void): void; next(): void };
    firstValueFrom(source: object): Promise<void>;
  };
  workerpool: {
    pool(options: object): {
      exec(task: () => void): PromiseLike<void>;
      terminate(): PromiseLike<void>;
    };
  };
}

const VERSIONS: Readonly<Record<keyof Fetched, string>> = {
  ...{ async: '3.2.6', bluebird: '3.7.2', bottleneck: '2.19.5', dataloader: '2.2.3' },
  ...{ 'generic-pool': '3.9.0', 'lru-cache': '11.5.3', 'p-queue': '9.3.5' },
  ...{ rxjs: '7.8.2', workerpool: '10.0.3' },
};
const packages = await fetchNpm('queues', VERSIONS);
const load = <Name extends keyof Fetched>(name: Name): Fetched[Name] => packages.load(name);

async function ambients(idioms: Readonly<Record<string, Work>>): Promise<Record<string, unknown>> {
  const seen: Record<string, unknown> = {};
  for (const [name, work] of Object.entries(idioms)) seen[name] = (await overlap(work)).ambient;
  return seen;
}

test('functions that a library calls later: only the explicit form is right', async () => {
  const queue = load('async').queue((_, done) => setTimeout(done, 20), 1);
  const PQueue = load('p-queue').default;
  const pQueue = new PQueue({ concurrency: 1 });
  const bottleneck = new (load('bottleneck'))({ maxConcurrent: 1 });
  const batch: (() => void)[] = [];
  const loader = new (load('dataloader'))(
    async (keys) => {
      for (const each of batch) each();
      return keys;
    },
    { batchScheduleFn: (run: () => void) => setTimeout(run, 40) },
  );
  const cached: (() => void)[] = [];
  const cache = new (load('lru-cache').LRUCache)({
    max: 1,
    async fetchMethod() {
      await delay(40);
      for (const each of cached) each();
      return {};
    },
  });
  const subject = new (load('rxjs').Subject)();
  const emitter = new EventEmitter();
  /** Ann's page, the first, is the one that emits. */
  const emitOnce = (emit: () => void): (() => void) => {
    let isDue = false;
    return () => {
      if (!isDue) setTimeout(emit, 40);
      isDue = true;
    };
  };
  const [next, emit] = [emitOnce(() => subject.next()), emitOnce(() => emitter.emit('event'))];
  let key = 0;
  const seen = await ambients({
    'async, queue.push(task, callback)': (callback) => queue.push('task', callback),
    'p-queue, add(function)': (callback) => void pQueue.add(() => delay(20).then(callback)),
    'bottleneck, schedule(function)': (callback) =>
      void bottleneck.schedule(() => delay(20).then(callback)),
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
    workerpool: waitingFor(() => workers.exec(spend)),
  });
  assert.deepEqual(new Set(Object.values(seen)), new Set(['bob']), JSON.stringify(seen));
});

/** One worker, and one promise of Bluebird, that requests share. */
function foreignPromises() {
  const workers = load('workerpool').pool({ maxWorkers: 1 });
  after(() => workers.terminate());
  let promise: PromiseLike<void> | undefined;
  return {
    workers,
    shared: () => {
      promise ??= load('bluebird').delay(40);
      return promise;
    },
  };
}

/** Runs in a worker. */
function spend(): void {
  const end = Date.now() + 20;
  while (Date.now() < end);
}
