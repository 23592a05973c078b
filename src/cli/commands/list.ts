/** `list`: live sessions by their handles. */
import { type Context, UserSessions, walkRows } from '../../store/operate.ts';
import type { Call } from '../call.ts';
import { withStore } from '../connect.ts';
import { EXIT_CODES } from '../ends.ts';
import { bytesText, printable, timeOf } from '../terminal.ts';

/** A session of the list. */
interface Listed {
  readonly handle: string;
  readonly user: string | null;
  readonly label: string | null;
  readonly created: string;
  /** Of one user's sessions. */
  readonly lastSeen?: string;
  /** Of all sessions. */
  readonly expires?: string;
  readonly bytes?: number;
}

/** Runs the command. */
export async function run(call: Call): Promise<number> {
  const { terminal, signal, words } = call;
  const [user] = words;
  const limit = call.count('limit') ?? Number.POSITIVE_INFINITY;
  return await withStore(call, async (context) => {
    let count = 0;
    for await (const session of user === undefined ? all(context) : allOf(context, user)) {
      if (signal.aborted || count >= limit) break;
      count += 1;
      if (terminal.isJson) {
        await terminal.json(session);
        continue;
      }
      if (count === 1) await terminal.line(terminal.paint('dim', headOf(user !== undefined)));
      await terminal.line(lineOf(session));
    }
    if (!terminal.isJson) terminal.note(`${count} ${count === 1 ? 'session' : 'sessions'}`);
    if (signal.aborted) terminal.note('stopped: there may be more');
    return EXIT_CODES.fine;
  });
}

async function* all(context: Context): AsyncGenerator<Listed> {
  for await (const { key, user, label, age, left, data } of walkRows(context)) {
    yield {
      handle: context.hash.handleOf(key),
      user: user ?? null,
      label: label ?? null,
      created: timeOf(new Date(Date.now() - age)),
      expires: timeOf(new Date(Date.now() + left)),
      bytes: data.length,
    };
  }
}

async function* allOf(context: Context, user: string): AsyncGenerator<Listed> {
  for (const { handle, label, created, lastSeen } of await new UserSessions(
    async () => context,
    user,
  ).list()) {
    const times = { created: timeOf(created), lastSeen: timeOf(lastSeen) };
    yield { handle, user, label: label ?? null, ...times };
  }
}

function headOf(isOfUser: boolean): string {
  return columns('handle', 'created', isOfUser ? 'last seen' : 'expires', 'size', 'user', 'label');
}

function lineOf({ handle, created, lastSeen, expires, bytes, user, label }: Listed): string {
  const size = bytes === undefined ? '-' : bytesText(bytes);
  return columns(handle, created, lastSeen ?? expires ?? '', size, user ?? '-', label ?? '');
}

function columns(
  handle: string,
  created: string,
  time: string,
  size: string,
  user: string,
  label: string,
): string {
  const fields = [handle.padEnd(24), created.padEnd(20), time.padEnd(20), size.padStart(9)];
  return [...fields, printable(user).padEnd(16), printable(label)].join('  ').trimEnd();
}
