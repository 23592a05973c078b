/** A wrong store for each case of the contract of sessions: ours, with a method changed. */
import type { SessionsSubject } from '../../src/contract/sessions/subject.ts';
import type { OpenSession, Session, Sessions } from '../../src/store/index.ts';
import { json, newStore } from '../store/fixture.ts';

type Changes = Record<string | symbol, unknown>;

const [merging, locking] = [newStore(), newStore({ strategy: 'lock' })];

/** An object with some of its members changed. */
function changed<Target extends object>(target: Target, changes: Changes): Target {
  return new Proxy(target, {
    get(_, name) {
      if (Object.hasOwn(changes, name)) return changes[name];
      const value = Reflect.get(target, name, target) as unknown;
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

function broken(change: (sessions: Sessions) => Changes, sessions = merging): SessionsSubject {
  return { open: () => changed(sessions, change(sessions)), unreachable: () => merging };
}

/** Changes each session that `open()` finds. */
function opening(change: (session: OpenSession) => Changes): SessionsSubject {
  const open: Sessions['open'] = async (id: string | undefined) => {
    const session = await merging.open(id);
    return session && changed(session, change(session));
  };
  return broken(() => ({ open }), merging);
}

/** Changes each session that `start()` returns. */
function starting(change: (session: Session) => Changes): SessionsSubject {
  return broken((sessions) => ({
    async start(id: string | undefined) {
      const session = await sessions.start(id);
      return changed(session, change(session));
    },
  }));
}

/** A save by assignment: what was read before is written over what others have saved. */
const assigning = (session: Session): Changes => ({
  update(key: string, change: (value: unknown) => unknown) {
    session.data[key] = change(session.data[key]);
  },
});

/** A wrong store for each case, by the case's name. */
export const faults: Record<string, SessionsSubject> = {
  'an id that was never given out opens nothing': broken((sessions) => ({
    async open(id: string) {
      return (await sessions.open(id)) ?? (await sessions.create(sessions.newId(), json({})));
    },
  })),
  'finds in one process what another has created, byte for byte': opening(({ data }) => ({
    data: data.subarray(0, 65_535),
  })),
  "with mode: 'read' waits for no other request, and refuses to write": opening(() => ({})),
  'a strategy that locks lets the second request in when the first has closed': broken(
    () => ({ open: (id: string) => merging.open(id) }),
    locking,
  ),
  'a database that cannot be reached is SessionUnavailable, never "no session"': broken(() => ({})),
  'cannot overwrite a session': broken((sessions) => ({
    async create(id: string, data: Buffer) {
      await (await sessions.open(id))?.destroy();
      return await sessions.create(id, data);
    },
  })),
  'what it has saved is there, the last one of two': opening((session) => {
    let saves = 0;
    return {
      async save(data: Buffer) {
        saves += 1;
        return saves === 1 ? await session.save(data) : 'saved';
      },
    };
  }),
  '40 requests of two processes that count are all counted': starting(assigning),
  '20 requests of two processes that store a key each all keep theirs': starting((session) => ({
    async save() {
      if (Object.keys(session.data).includes('key7')) return 'saved';
      return await session.save();
    },
  })),
  'merges with what another request has saved to other keys, and says so': opening((session) => ({
    async save(data: Buffer) {
      await session.save(data);
      return 'saved';
    },
  })),
  'a key named __proto__ is data, and reaches no prototype': starting((session) => ({
    data: Object.setPrototypeOf({ ...session.data }, { isAdmin: true }),
  })),
  'ends the session for all, and says whether it was there': opening((session) => ({
    async destroy() {
      await session.destroy();
      return true;
    },
  })),
  'a later save answers that the session is gone, and does not revive it': opening((session) => ({
    async save(data: Buffer) {
      const answer = await session.save(data);
      if (answer === 'gone') await merging.create(session.id, data);
      return answer;
    },
  })),
  'the new id opens the session, and requests under way still find it by the old one': opening(
    (session) => ({ renew: async () => session.id }),
  ),
  "after a login the old id does not lead to the user's session": opening((session) => ({
    renew: ({ user: _user, ...others }: { user?: string }) => session.renew(others),
  })),
  "a user's sessions are listed without ids, and all but one are ended": broken((sessions) => ({
    of: (user: string) => changed(sessions.of(user), { revokeOthers: async () => 0 }),
  })),
  'may be called twice, and later calls say that the session is closed': opening(() => ({
    close: async () => {},
  })),
};
