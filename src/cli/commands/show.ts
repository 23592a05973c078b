/** `show`: one session, without its values unless they are asked for. */
import { inspect } from 'node:util';
import { type Context, Payload, walkRows } from '../../store/operate.ts';
import type { Call } from '../call.ts';
import { withStore } from '../connect.ts';
import { EXIT_CODES, UsageError } from '../ends.ts';
import { bytesText, noSession, printable, timeOf } from '../terminal.ts';

/** One key of a session. */
interface Shown {
  readonly key: string;
  readonly type: string;
  readonly bytes: number;
  readonly value?: unknown;
}

const ON_ONE_LINE = { depth: 8, compact: true, breakLength: Number.POSITIVE_INFINITY };

/** Runs the command. */
export async function run(call: Call): Promise<number> {
  const { terminal, signal } = call;
  const [handle] = call.words;
  if (handle === undefined) throw new UsageError('show takes a HANDLE: phpsessid list shows them');
  return await withStore(call, async (context) => {
    let count = 0;
    for await (const row of walkRows(context)) {
      if (signal.aborted) break;
      count += 1;
      terminal.progress(`${count} sessions read`);
      if (context.hash.handleOf(row.key) !== handle) continue;
      const { user, label, age, left, data } = row;
      const { format, keys, fault } = keysOf(context, row, call);
      const about = {
        handle,
        user: user ?? null,
        label: label ?? null,
        created: timeOf(new Date(Date.now() - age)),
        expires: timeOf(new Date(Date.now() + left)),
        format,
        bytes: data.length,
      };
      if (terminal.isJson) await terminal.json({ ...about, keys, ...(fault && { fault }) });
      else {
        for (const [name, value] of Object.entries(about)) {
          await terminal.line(
            `${terminal.paint('dim', name.padEnd(9))}${printable(`${value ?? '-'}`)}`,
          );
        }
        for (const each of keys) await terminal.line(lineOf(each));
        if (fault) await terminal.line(`  ${printable(fault)}`);
      }
      return fault ? EXIT_CODES.failed : EXIT_CODES.fine;
    }
    if (!signal.aborted) terminal.note(noSession(handle));
    return EXIT_CODES.failed;
  });
}

function keysOf(
  { format: preferred, sealing }: Context,
  row: { readonly key: Buffer; readonly data: Buffer },
  call: Call,
): { format: string; keys: Shown[]; fault?: string } {
  try {
    const payload = new Payload(sealing.open(row).data, preferred);
    const keys = [...payload.keys].map((key) => {
      const value = payload.valueOf(key);
      const bytes = payload.bytesOf(key)?.length ?? 0;
      const shown = { key, type: typeOf(value), bytes };
      if (!call.flag('reveal')) return shown;
      return { ...shown, value: call.terminal.isJson ? jsonOf(payload, key) : value };
    });
    return { format: payload.format, keys };
  } catch (error) {
    return { format: 'unknown', keys: [], fault: (error as Error).message };
  }
}

function lineOf({ key, type, bytes, ...rest }: Shown): string {
  const value = 'value' in rest ? `  ${printable(inspect(rest.value, ON_ONE_LINE))}` : '';
  return `  ${printable(key).padEnd(20)}  ${type.padEnd(12)}  ${bytesText(bytes).padStart(9)}${value}`;
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return `list of ${value.length}`;
  if (value instanceof Map) return `map of ${value.size}`;
  if (value instanceof Uint8Array) return 'bytes';
  if (typeof value !== 'object') return typeof value;
  const prototype: unknown = Object.getPrototypeOf(value);
  const isPlain = prototype === Object.prototype || prototype === null;
  return isPlain ? `object of ${Object.keys(value).length}` : 'php object';
}

/** A value as the format `json` stores it; PHP has kinds that have no form in it. */
function jsonOf(payload: Payload, key: string): unknown {
  try {
    return JSON.parse(String(payload.bytesOf(key, 'json'))) as unknown;
  } catch {
    return inspect(payload.valueOf(key), ON_ONE_LINE);
  }
}
