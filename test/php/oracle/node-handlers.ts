/** The handlers of a sequence in the port; sequence.php has the same in PHP. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as php from '#php';
import type { Answer, CallbackName, Entry, Handler, Step, Value } from './steps.ts';
import { freeze, thaw } from './values.ts';

type Callback = (...values: unknown[]) => unknown;

/** A handler's state. */
export interface Bench {
  /** The folder of session files. */
  readonly folder: string;
  readonly store: Map<string, string | Uint8Array>;
  /** How often each answer was given. */
  readonly given: Map<object, number>;
  note(...entry: Entry): void;
  perform(step: Step): Promise<void>;
}

class Failure extends Error {
  override readonly name = 'Exception';
}

type Throws = { readonly throws: string };

function has<Key extends string>(value: unknown, key: Key): value is Record<Key, unknown> {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key);
}

/** Runs a callback: records it, then returns the scenario's answer or the store's own. */
async function run(
  bench: Bench,
  answers: Handler['answers'],
  name: CallbackName,
  values: readonly unknown[],
  own: () => unknown,
): Promise<unknown> {
  bench.note('callback', name, freeze([...values]));
  await null;
  if (!answers || !Object.hasOwn(answers, name)) return await own();
  let answer = answers[name] as Answer | Throws | undefined;
  const calls = bench.given.get(answer as object) ?? 0;
  bench.given.set(answer as object, calls + 1);
  if (has(answer, 'inTurn')) {
    const list = answer.inTurn as readonly Value[];
    answer = list[Math.min(calls, list.length - 1)];
    if (answer === 'own') return await own();
  }
  if (has(answer, 'does')) {
    // Only once: the steps of a callback may call the same callback.
    if (calls === 0) {
      for (const step of answer.does as readonly Step[]) await bench.perform(step);
    }
    if (!has(answer, 'answer')) return await own();
    answer = answer.answer as Answer;
  }
  if (has(answer, 'throws')) throw new Failure(String(answer.throws));
  return thaw(answer);
}

function keyOf(id: unknown): string {
  return JSON.stringify(freeze(id));
}

function memory(bench: Bench, answers: Handler['answers']): Record<CallbackName, Callback> {
  const { store } = bench;
  const own: Record<CallbackName, Callback> = {
    open: () => true,
    close: () => true,
    read: (id) => store.get(keyOf(id)) ?? '',
    write: (id, data) => store.set(keyOf(id), data as string) === store,
    destroy: (id) => store.delete(keyOf(id)) || true,
    gc: () => 0,
    create_sid: () => `made${store.size}`,
    validate_sid: (id) => store.has(keyOf(id)),
    update_timestamp: () => true,
  };
  const entries = Object.entries(own).map(([name, body]): [string, Callback] => [
    name,
    (...values) => run(bench, answers, name as CallbackName, values, () => body(...values)),
  ]);
  return Object.fromEntries(entries) as Record<CallbackName, Callback>;
}

function parentClass(bench: Bench, answers: Handler['answers']): new () => php.SessionHandler {
  const wrap = (name: CallbackName, values: unknown[], own: () => unknown): Promise<never> =>
    run(bench, answers, name, values, own) as Promise<never>;
  return class ParentHandler extends php.SessionHandler {
    override open(path: string, name: string) {
      return wrap('open', [path, name], () => super.open(path, name));
    }
    override close() {
      return wrap('close', [], () => super.close());
    }
    override read(id: string) {
      return wrap('read', [id], () => super.read(id));
    }
    override write(id: string, data: string | Uint8Array) {
      return wrap('write', [id, data], () => super.write(id, data));
    }
    override destroy(id: string) {
      return wrap('destroy', [id], () => super.destroy(id));
    }
    override gc(max: number) {
      return wrap('gc', [max], () => super.gc(max));
    }
  };
}

function parentIdClass(bench: Bench, answers: Handler['answers']): new () => php.SessionHandler {
  return class ParentIdHandler extends parentClass(bench, answers) {
    override create_sid() {
      const own = (): unknown => super.create_sid();
      return run(bench, answers, 'create_sid', [], own) as Promise<never>;
    }
  };
}

function parentFullClass(bench: Bench, answers: Handler['answers']): new () => php.SessionHandler {
  const wrap = (name: CallbackName, values: unknown[], own: () => unknown): Promise<never> =>
    run(bench, answers, name, values, own) as Promise<never>;
  return class ParentFullHandler extends parentIdClass(bench, answers) {
    override validateId(id: string) {
      return wrap('validate_sid', [id], () => existsSync(join(bench.folder, `sess_${id}`)));
    }
    updateTimestamp(id: string, data: string | Uint8Array) {
      return wrap('update_timestamp', [id, data], () => super.write(id, data));
    }
  };
}

/** Methods that pass their calls on to a SessionHandler. */
function wrapped(bench: Bench, answers: Handler['answers']): Record<CallbackName, Callback> {
  const inner = new php.SessionHandler() as unknown as Record<CallbackName, Callback>;
  const names: CallbackName[] = ['open', 'close', 'read', 'write', 'destroy', 'gc', 'create_sid'];
  const entries = names.map((name): [string, Callback] => [
    name,
    (...values) => run(bench, answers, name, values, () => inner[name](...values)),
  ]);
  return Object.fromEntries(entries) as Record<CallbackName, Callback>;
}

/** Gives an object the class name that PHP's side has. */
function named(name: string, methods: object): object {
  const Named = { [name]: class {} }[name] as new () => object;
  return Object.assign(new Named(), methods);
}

/** Sets a handler as the scenario describes it. */
export function install(bench: Bench, { form, answers }: Handler): unknown {
  const set = php.session_set_save_handler as unknown as Callback;
  const callbacks = memory(bench, answers);
  const { create_sid, validate_sid, update_timestamp, ...six } = callbacks;
  const [validateId, updateTimestamp] = [validate_sid, update_timestamp];
  switch (form) {
    case 'nulls':
      return set(...Object.values(six), null, null, null);
    case 'bare':
      return set(new php.SessionHandler());
    case 'parent':
      return set(new (parentClass(bench, answers))());
    case 'parent-id':
      return set(new (parentIdClass(bench, answers))());
    case 'nulls but v':
    case 'nulls but u':
    case 'nulls but cu':
    case 'nulls but vu': {
      const letters = form.slice('nulls but '.length);
      const optional = { c: create_sid, v: validate_sid, u: update_timestamp };
      const given = Object.entries(optional).map(([letter, each]) =>
        letters.includes(letter) ? each : null,
      );
      return set(...Object.values(six), ...given);
    }
    case 'wrapped': {
      const { create_sid: _, ...methods } = wrapped(bench, answers);
      return set(named('WrappedHandler', methods));
    }
    case 'wrapped-id':
      return set(named('WrappedIdHandler', wrapped(bench, answers)));
    case 'parent-full':
      return set(new (parentFullClass(bench, answers))());
    case 'object':
      return set(named('LooseHandler', six));
    case 'unregistered':
      return set(named('LooseHandler', six), false);
    case 'id':
      return set(named('IdHandler', { ...six, create_sid }));
    case 'check':
      return set(named('CheckHandler', { ...six, validateId }));
    case 'touch':
      return set(named('TouchHandler', { ...six, updateTimestamp }));
    case 'id check':
      return set(named('IdCheckHandler', { ...six, create_sid, validateId }));
    case 'id touch':
      return set(named('IdTouchHandler', { ...six, create_sid, updateTimestamp }));
    case 'check touch':
      return set(named('CheckTouchHandler', { ...six, validateId, updateTimestamp }));
    case 'full':
    case 'interfaces': {
      const name = form === 'full' ? 'FullHandler' : 'InterfaceHandler';
      return set(named(name, { ...six, create_sid, validateId, updateTimestamp }));
    }
    default:
      return set(...Object.values(callbacks).slice(0, form));
  }
}
