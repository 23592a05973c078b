/** The packages of npm whose queues and callbacks are tried. */
import { fetchNpm } from '../../src/workshop/machine/npm-packages.ts';

type TaskWorker = (task: string, done: () => void) => void;

interface TaskQueue {
  push(task: string, done: () => void): void;
}

/** A pool of `mysql`, or of `mariadb` with callbacks. */
interface CallbackPool {
  query(sql: string, done: () => void): void;
  end(done?: () => void): void;
}

interface Observable {
  subscribe(next: () => void): void;
}

interface HttpPool {
  request(options: object): Promise<{ body: { text(): Promise<string> } }>;
  dispatch(options: object, handler: object): boolean;
  compose(
    interceptor: (dispatch: HttpPool['dispatch']) => (options: object, handler: object) => boolean,
  ): HttpPool;
  close(): Promise<void>;
}

/** The parts of the packages that these tests use; they are fetched, and have no types here. */
interface Fetched {
  async: {
    queue(worker: TaskWorker, workers: number): TaskQueue;
    cargo(worker: (tasks: readonly string[], done: () => void) => void): TaskQueue;
    memoize(load: TaskWorker): (task: string, done: () => void) => void;
  };
  bluebird: new (executor: (resolve: () => void) => void) => PromiseLike<void>;
  bottleneck: new (
    options: object,
  ) => {
    schedule(task: () => Promise<void>): Promise<void>;
  };
  dataloader: new (
    batch: (keys: readonly string[]) => Promise<readonly string[]>,
    options?: object,
  ) => { load(key: string): Promise<string> };
  fastq: (worker: TaskWorker, workers: number) => TaskQueue;
  'generic-pool': {
    createPool(
      factory: object,
      options: object,
    ): {
      acquire(): Promise<object>;
      release(one: object): void;
      destroy(one: object): Promise<void>;
    };
  };
  ioredis: {
    default: new (
      options: object,
    ) => { get(key: string, done?: () => void): Promise<string>; disconnect(): void };
  };
  lodash: {
    debounce(run: () => void, milliseconds: number): () => void;
    memoize(load: (key: string) => Promise<void>): (key: string) => Promise<void>;
  };
  'lru-cache': {
    LRUCache: new (options: {
      max: number;
      fetchMethod: () => Promise<object>;
    }) => { fetch(key: string): Promise<object> };
  };
  memoizee: (
    load: (key: string) => Promise<void>,
    options: object,
  ) => (key: string) => Promise<void>;
  mariadb: {
    createPool(options: object): { query(sql: string): Promise<object>; end(): Promise<void> };
  };
  'mariadb/callback': { createPool(options: object): CallbackPool };
  mysql: { createPool(options: object): CallbackPool };
  nodemailer: {
    createTransport(options: object): {
      sendMail(mail: object, done: (error: Error | null) => void): void;
      close(): void;
    };
  };
  opossum: new (
    action: () => Promise<void>,
  ) => {
    fire(): Promise<void>;
    once(event: 'success', listener: () => void): void;
    shutdown(): void;
  };
  'p-limit': {
    default: (concurrency: number) => (task: () => Promise<void>) => Promise<void>;
  };
  'p-memoize': {
    default: (load: (key: string) => Promise<void>) => (key: string) => Promise<void>;
  };
  'p-queue': {
    default: new (
      options: object,
    ) => {
      add(task: () => Promise<void>): Promise<void>;
    };
  };
  pg: {
    Pool: new (
      options: object,
    ) => { query(text: string, done?: () => void): Promise<object>; end(): Promise<void> };
  };
  piscina: {
    Piscina: new (
      options: object,
    ) => {
      run(task: object): Promise<void>;
      once(event: 'message', listener: () => void): void;
      close(): Promise<void>;
    };
  };
  rxjs: {
    Subject: new () => { subscribe(next: () => void): void; next(): void };
    defer(load: () => Promise<void>): { pipe(operator: object): Observable };
    shareReplay(count: number): object;
    firstValueFrom(source: object): Promise<void>;
  };
  tarn: {
    Pool: new (
      options: object,
    ) => {
      acquire(): { promise: Promise<object> };
      release(one: object): boolean;
      destroy(): Promise<unknown>;
    };
  };
  undici: {
    Pool: new (origin: string, options: object) => HttpPool;
    DecoratorHandler: new (handler: object) => object;
  };
  workerpool: {
    pool(options: object): {
      exec(task: () => void): PromiseLike<void>;
      terminate(): PromiseLike<void>;
    };
  };
}

const VERSIONS: Readonly<Record<Exclude<keyof Fetched, 'mariadb/callback'>, string>> = {
  ...{ async: '3.2.6', bluebird: '3.7.2', bottleneck: '2.19.5', dataloader: '2.2.3' },
  ...{ fastq: '1.20.3', 'generic-pool': '3.9.0', ioredis: '6.0.0', lodash: '4.18.1' },
  ...{ 'lru-cache': '11.5.3', mariadb: '3.5.4', memoizee: '0.4.17', mysql: '2.18.1' },
  ...{ nodemailer: '10.6.1', opossum: '9.0.0', 'p-limit': '7.3.3', 'p-memoize': '8.0.0' },
  ...{ 'p-queue': '9.3.5', pg: '8.23.1', piscina: '5.3.2', rxjs: '7.8.2', tarn: '3.1.2' },
  ...{ undici: '7.30.2', workerpool: '10.0.3' },
};

const packages = await fetchNpm('queues', VERSIONS);

/** Loads one of the packages. */
export const load = <Name extends keyof Fetched>(name: Name): Fetched[Name] => packages.load(name);
