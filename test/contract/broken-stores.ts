/** A wrong store for each case of the store's contract. */
import type { CallbackStore, StoreSubject } from '../../src/contract/store/subject.ts';
import { type Done, ModelStore, unreachable } from './model-store.ts';

/** A store whose class has a fault, as the subject of a case. */
const broken =
  (Fault: new () => CallbackStore): (() => StoreSubject) =>
  () => ({ store: new Fault(), stolen: async () => '', unreachable });

const failing = (open: () => CallbackStore) => (): StoreSubject => ({
  store: new ModelStore(),
  unreachable: open,
});

/** A failing method that does more with its callback than to report an error. */
const failsBy = (fail: (done: Done, id: string) => void): CallbackStore => {
  const method = (...given: unknown[]): void => fail(given.at(-1) as Done, given[0] as string);
  return { get: method, set: method, destroy: method };
};

class MixesIds extends ModelStore {
  readonly #change: (id: string) => string;
  constructor(change: (id: string) => string) {
    super();
    this.#change = change;
  }
  override keyOf(id: string): string {
    return this.#change(id);
  }
}

/** Gives out the object that it was given. */
class Shares extends ModelStore {
  readonly objects: Map<string, object> = new Map();
  override createSession(_request: never, data: never): never {
    return data;
  }
  override get(id: string, done: Done): void {
    setImmediate(done, null, this.objects.get(id) as never);
  }
  override set(id: string, data: object, done?: Done): void {
    this.objects.set(id, data);
    setImmediate(() => done?.());
  }
}

/** Writes what it is given, whatever is there. */
class Overwrites extends ModelStore {
  override set(id: string, data: object, done?: Done): void {
    super.set(id, { ...data }, done);
  }
}

class NeverExpires extends ModelStore {
  override find(key: string): ReturnType<ModelStore['find']> {
    return this.rows.get(key);
  }
}

/** Copies keys as `Object.assign()` and loops with `target[key] = value` do. */
function assignEach(target: Record<string, unknown>, source: unknown): unknown {
  if (typeof source !== 'object' || source === null) return source;
  for (const [key, value] of Object.entries(source)) target[key] = assignEach({}, value);
  return target;
}

/** A wrong store for each case, by the case's name. */
export const faults: Record<string, () => StoreSubject> = {
  'finds nothing under an unknown id, without an error': broken(
    class extends ModelStore {
      override get(id: string, done: Done): void {
        super.get(id, (error, found) => done(error, found ?? ({ cookie: {} } as never)));
      }
    },
  ),
  'returns what set() was given, with the cookie': broken(
    class extends ModelStore {
      override get(id: string, done: Done): void {
        super.get(id, (error, found?: { text?: string }) => {
          const text = found?.text?.replace('😀', '????');
          done(error, (found && { ...found, text }) as never);
        });
      }
    },
  ),
  'returns a copy: a change to it is not stored without set()': broken(Shares),
  'stores a copy: a later change of the object is not stored': broken(Shares),
  'replaces what was stored: a key that was removed is gone': broken(
    class extends ModelStore {
      override set(id: string, data: object, done?: Done): void {
        super.get(id, (_error, found?: object) => super.set(id, { ...found, ...data }, done));
      }
    },
  ),
  'a key named __proto__ reaches no prototype': broken(
    class extends ModelStore {
      override get(id: string, done: Done): void {
        super.get(id, (error, found) => done(error, assignEach({}, found) as never));
      }
    },
  ),
  '1 MB comes back whole, or set() reports an error': broken(
    class extends ModelStore {
      override set(id: string, data: object, done?: Done): void {
        const { large, ...others } = data as { large?: string };
        super.set(id, large ? { ...others, large: large.slice(0, 65_535) } : data, done);
      }
    },
  ),
  '50 new sessions at once are all stored, each with its own data': broken(
    class extends ModelStore {
      #last: object = {};
      override set(id: string, data: object, done?: Done): void {
        this.#last = data;
        process.nextTick(() => super.set(id, this.#last, done));
      }
    },
  ),
  'a destroyed session is not found, and others are left alone': broken(
    class extends ModelStore {
      override destroy(_id: string, done?: Done): void {
        this.clear(done);
      }
    },
  ),
  'an unknown id is no error': broken(
    class extends ModelStore {
      override destroy(id: string, done?: Done): void {
        const error = this.find(this.keyOf(id)) ? null : new Error('no such session');
        super.destroy(id, () => done?.(error));
      }
    },
  ),
  'works without a callback': broken(
    class extends ModelStore {
      override destroy(id: string, done?: Done): void {
        if (done) super.destroy(id, done);
      }
    },
  ),
  'the old id leads to nothing, and the request has a new session': broken(
    class extends ModelStore {
      override regenerate(request: never, done: Done): void {
        (this as unknown as { generate(given: object): void }).generate(request);
        done();
      }
    },
  ),
  'quotes, wildcards, backslashes and a NUL open nothing, and break nothing': broken(
    class extends ModelStore {
      override find(key: string): ReturnType<ModelStore['find']> {
        return super.find(key) ?? [...this.rows.values()][0];
      }
    },
  ),
  'long ids that differ at their end are two sessions, or an error': () => ({
    store: new MixesIds((id) => id.slice(0, 255)),
  }),
  'case, accents and a space at the end count': () => ({
    store: new MixesIds((id) => id.trimEnd()),
  }),
  'a session that has expired is not returned': broken(NeverExpires),
  'a session whose cookie has no expiry is kept': broken(
    class extends ModelStore {
      override set(id: string, data: object, done?: Done): void {
        const { cookie } = data as { cookie: { originalMaxAge: number | null } };
        if (cookie.originalMaxAge !== null) super.set(id, data, done);
        else setImmediate(() => done?.());
      }
    },
  ),
  "a session ends at its cookie's expiry, and not up to a second earlier or later":
    broken(NeverExpires),
  'extends the life of a session': broken(
    class extends ModelStore {
      override touch(_id: string, _data: unknown, done?: Done): void {
        setImmediate(() => done?.());
      }
    },
  ),
  'creates nothing: neither for an unknown id nor after a logout': broken(
    class extends ModelStore {
      override touch(id: string, data: object, done?: Done): void {
        super.set(id, { ...data }, done);
      }
    },
  ),
  'two requests that overlap and change different keys both keep theirs': broken(Overwrites),
  'a save that comes after the logout does not log in again': broken(Overwrites),
  'leaves the data alone that another request has saved meanwhile': broken(
    class extends ModelStore {
      override touch(id: string, data: object, done?: Done): void {
        if (this.find(this.keyOf(id))) super.set(id, { ...data }, done);
        else setImmediate(() => done?.());
      }
    },
  ),
  'each is called once, after the method has returned': broken(
    class extends ModelStore {
      override destroy(id: string, done?: Done): void {
        super.destroy(id);
        done?.();
      }
    },
  ),
  'one that throws is not called a second time': broken(
    class extends ModelStore {
      override get(id: string, done: Done): void {
        new Promise<never>((resolve) => super.get(id, (_error, found) => resolve(found as never)))
          .then((found) => done(null, found))
          .catch(done);
      }
    },
  ),
  'a database that cannot be reached is an error within 10 s, never an empty session': failing(() =>
    failsBy((done) => setImmediate(done, null, null as never)),
  ),
  'an error is reported by the callback, and not thrown into the process as well': failing(() =>
    failsBy((done) => {
      done(new Error('no database'));
      Promise.reject(new Error('no database'));
    }),
  ),
  'its errors do not have the code ENOENT': failing(() =>
    unreachable(Object.assign(new Error('no socket'), { code: 'ENOENT' })),
  ),
  'its errors have neither the id nor the data in them': failing(() =>
    failsBy((done, id) => setImmediate(done, new Error(`cannot find ${id}`))),
  ),
  'returns the sessions that have not expired, each with its cookie': broken(NeverExpires),
  'counts the sessions that have not expired': broken(NeverExpires),
  'ends all sessions': broken(
    class extends ModelStore {
      override clear(done?: Done): void {
        setImmediate(() => done?.());
      }
    },
  ),
  'what is stored opens no session': () => {
    const store = new MixesIds((id) => id);
    return { store, stolen: async () => [...store.rows.keys()].join() };
  },
};
