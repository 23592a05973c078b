/** `revoke`: ends sessions. */
import { endAll, endOne, UserSessions } from '../../store/operate.ts';
import type { Call } from '../call.ts';
import { withStore } from '../connect.ts';
import { EXIT_CODES, Refusal, UsageError } from '../ends.ts';
import { noSession, printable } from '../terminal.ts';

/** Runs the command. */
export async function run(call: Call): Promise<number> {
  const { terminal, signal } = call;
  const [handle] = call.words;
  const [user, except] = [call.text('user'), call.text('except')];
  const isAll = call.flag('all');
  if ([handle, user, isAll || undefined].filter((each) => each !== undefined).length !== 1) {
    throw new UsageError('revoke takes one of HANDLE, --user USER, --all');
  }
  if (except !== undefined && user === undefined) {
    throw new UsageError('--except belongs to --user USER');
  }
  if (isAll && !call.flag('yes')) {
    throw new UsageError('--all logs every visitor out: give --yes as well');
  }
  return await withStore(call, async (context) => {
    const sessions = user === undefined ? undefined : new UserSessions(async () => context, user);
    let ended = 0;
    let isDone = false;
    try {
      if (sessions !== undefined) {
        if (except !== undefined) await requireHandle(sessions, except);
        ended =
          except === undefined
            ? await sessions.revokeAll()
            : await sessions.revokeOthers({ handle: except });
      } else if (handle !== undefined) ended = Number(await endOne(context, handle, signal));
      else {
        await endAll(context, (count) => {
          ended = count;
          terminal.progress(`${count} ended`);
          return !signal.aborted;
        });
      }
      isDone = !signal.aborted;
    } finally {
      // After a failure, the number is known for --all alone.
      const isKnown = isDone || isAll || signal.aborted;
      if (isKnown && terminal.isJson) await terminal.json({ ended, isDone });
      else if (isKnown) {
        await terminal.line(`${ended} ${ended === 1 ? 'session' : 'sessions'} ended`);
      }
    }
    if (signal.aborted) terminal.note('stopped: run it again for the rest');
    if (handle === undefined || ended > 0 || signal.aborted) return EXIT_CODES.fine;
    terminal.note(noSession(handle));
    return EXIT_CODES.failed;
  });
}

/** A mistyped handle is in no list, and would keep no session. */
async function requireHandle(sessions: UserSessions, except: string): Promise<void> {
  if ((await sessions.list()).some(({ handle }) => handle === except)) return;
  throw new Refusal(
    `--except: the user has no live session with the handle ${printable(except)}, so nothing was ended`,
  );
}
