/** `$_SESSION`: the variables of the running request. */
import { isUtf8 } from 'node:buffer';
import { type InspectOptions, inspect } from 'node:util';
import { type PhpKey, PhpReference, type PhpValue } from '../../serialize/index.ts';
import { integerKey } from '../../serialize/numbers.ts';
import { PhpScopeError } from '../messages.ts';
import type { PhpRequest } from '../session/request.ts';
import { currentVariables, isCallback } from '../session/scope.ts';
import { followReference, presentKey } from '../session/variables.ts';
import { entriesOf, isArrayLike } from '../zend/arguments.ts';
import { bytesOf, textOf, typeName } from '../zend/conversions.ts';

/**
 * The shape of `$_SESSION`. Declare your own keys once, and they are typed everywhere.
 *
 * @example
 * declare module 'phpsessid/php' {
 *   interface PhpSession {
 *     count?: number;
 *   }
 * }
 */
export interface PhpSession {
  [key: string]: unknown;
}

type Variables = Map<PhpKey, PhpValue>;

const LONE_SURROGATES = /[\uDC80-\uDCFF]/;

/** Bytes that are not UTF-8 come as lone surrogates, as in ids: see `textOf` in conversions. */
function keyOf(property: string): PhpKey {
  const integer = integerKey(property);
  if (integer !== undefined) return integer;
  if (!LONE_SURROGATES.test(property)) return property;
  const bytes = bytesOf(property);
  return isUtf8(bytes) ? property : bytes;
}

function propertyOf(key: PhpKey): string {
  return key instanceof Uint8Array ? textOf(Buffer.from(key)) : String(key);
}

/** The key under which a variable is written. */
function placeOf(variables: ReadonlyMap<PhpKey, PhpValue>, property: string): PhpKey {
  return presentKey(variables, keyOf(property));
}

/** The key under which a variable is read: decoded data may hold the string '5' instead of 5. */
function readableKey(
  variables: ReadonlyMap<PhpKey, PhpValue>,
  property: string,
): PhpKey | undefined {
  const key = placeOf(variables, property);
  if (variables.has(key)) return key;
  return variables.has(property) ? property : undefined;
}

/** @throws PhpScopeError where a change would not be saved. */
function requireUnsaved(request: PhpRequest): void {
  // PHP lets a callback change $_SESSION, and saves nothing of the change either.
  if (request.committed === undefined || isCallback(request)) return;
  throw new PhpScopeError(
    `$_SESSION was changed after it had been saved: ${request.committed}; change it before`,
  );
}

function writable(request: PhpRequest): Variables {
  requireUnsaved(request);
  const { variables } = request.session;
  if (variables.scalar === false) {
    const text = 'Automatic conversion of false to array is deprecated';
    request.reporter.warn('E_DEPRECATED', text, '');
    variables.scalar = undefined;
  }
  if (variables.scalar !== undefined) throw new Error('Cannot use a scalar value as an array');
  variables.all ??= new Map();
  return variables.all;
}

function assign(variables: Variables, property: string, value: PhpValue): void {
  const key = placeOf(variables, property);
  const present = variables.get(key);
  if (!(present instanceof PhpReference)) {
    variables.set(key, value);
  } else if (!(value instanceof PhpReference)) {
    present.value = value;
  } else if (value !== present) {
    const name = `$_SESSION[${JSON.stringify(property)}]`;
    throw new TypeError(
      `${name} is a reference already, and another PhpReference would cut its link: ` +
        `assign the value, or delete ${name} first`,
    );
  }
}

/** `$_SESSION` as a value: undefined, the scalar that was decoded, or a copy of the array. */
function wholeValue({ session }: PhpRequest): PhpValue | undefined {
  const { scalar, all } = session.variables;
  return scalar ?? (all && new Map(all));
}

/** console.log() bypasses a proxy's traps and asks its target. */
function inspectSession(find: () => PhpRequest, options: InspectOptions): unknown {
  let value: PhpValue | undefined;
  try {
    value = wholeValue(find());
  } catch (error) {
    if (error instanceof PhpScopeError) return `[${error.message}]`;
    throw error;
  }
  if (!(value instanceof Map)) return inspect(value, options);
  const isRecord = [...value.keys()].every((key) => typeof key === 'string');
  return isRecord ? Object.fromEntries(value) : value;
}

/**
 * Makes a `$_SESSION`.
 *
 * @param find - Returns the request whose variables may be used now, or throws PhpScopeError.
 */
export function superglobalOf(find: () => PhpRequest): PhpSession {
  const readable = (): ReadonlyMap<PhpKey, PhpValue> => find().session.variables.all ?? new Map();
  const target: PhpSession = Object.create(null, {
    [inspect.custom]: {
      value: (_depth: number, options: InspectOptions) => inspectSession(find, options),
      configurable: true,
    },
  });
  return new Proxy(target, {
    get(_target, property) {
      if (typeof property === 'symbol') return Reflect.get(target, property);
      const variables = readable();
      const key = readableKey(variables, property);
      return key === undefined ? undefined : followReference(variables.get(key));
    },
    set(_target, property, value) {
      if (typeof property === 'symbol') return false;
      assign(writable(find()), property, value as PhpValue);
      return true;
    },
    has(_target, property) {
      if (typeof property === 'symbol') return false;
      return readableKey(readable(), property) !== undefined;
    },
    deleteProperty(_target, property) {
      if (typeof property === 'symbol') return true;
      const variables = writable(find());
      variables.delete(placeOf(variables, property));
      return true;
    },
    defineProperty(_target, property, descriptor) {
      if (typeof property === 'symbol' || !('value' in descriptor)) return false;
      assign(writable(find()), property, descriptor.value as PhpValue);
      return true;
    },
    ownKeys() {
      return [...new Set([...readable().keys()].map(propertyOf))];
    },
    getOwnPropertyDescriptor(_target, property) {
      if (typeof property === 'symbol') return undefined;
      const variables = readable();
      const key = readableKey(variables, property);
      if (key === undefined) return undefined;
      const value = followReference(variables.get(key));
      return { value, writable: true, enumerable: true, configurable: true };
    },
  });
}

/**
 * The variables of the running request's session. The keys are those of a PHP array:
 * `$_SESSION['5']` and `$_SESSION[5]` are one variable. A byte of a key that is not UTF-8 is a lone
 * surrogate, U+DC80 to U+DCFF, as in Python's surrogateescape.
 *
 * Reading where no session was started gives undefined. Writing before session_start() is undone by
 * it, and writing after the session was saved throws. An assignment to a variable that is a
 * reference changes the value that it shares, as in PHP.
 *
 * A function that a library calls later (a callback, a task of a queue, a listener of a shared
 * emitter) may run in the context of another request, and this is another visitor's `$_SESSION`
 * there: use it after an `await`, or use `phpSessionOf(request).$_SESSION`.
 *
 * `console.log($_SESSION)` and `JSON.stringify($_SESSION)` show the variables. structuredClone()
 * refuses proxies: clone {@link sessionVariables}, or `{ ...$_SESSION }`.
 *
 * @throws PhpScopeError outside a request, while a session function is not awaited, and where a
 *   change would not be saved any more; TypeError for a second reference in place of a first.
 * @see {@link https://php.net/reserved.variables.session | PHP's manual}
 * @example
 * await session_start();
 * $_SESSION['count'] = Number($_SESSION['count'] ?? 0) + 1;
 * $_SESSION['count']; // 1
 * $_SESSION; // { count: 1 }
 * delete $_SESSION['count'];
 * 'count' in $_SESSION; // false
 */
export const $_SESSION: PhpSession = superglobalOf(currentVariables);

/**
 * Reads `$_SESSION` as a PHP value, with references and exact keys, which the object does not show.
 *
 * @returns Undefined before the first session_start(); else a copy of the array, in which shared
 *   variables are their {@link PhpReference}. The scalar that `php_serialize` data held, if it held
 *   one.
 * @throws PhpScopeError outside a request, and while a session function is not awaited.
 * @example
 * sessionVariables(); // undefined
 * await session_start();
 * sessionVariables(); // Map(0) {}
 * await session_decode('a|i:1;b|R:1;');
 * sessionVariables(); // Map(2) { 'a' => PhpReference { value: 1 }, 'b' => PhpReference { value: 1 } }
 */
export function sessionVariables(): PhpValue | undefined {
  return wholeValue(currentVariables());
}

/**
 * Replaces all variables: PHP's `$_SESSION = [ … ]`.
 *
 * @param variables - An object literal, a Map or a list.
 * @throws TypeError for anything else; PhpScopeError where `$_SESSION` throws it.
 * @example
 * await session_start();
 * $_SESSION['cart'] = ['book'];
 * setSessionVariables({ user: 'ann' });
 * $_SESSION; // { user: 'ann' }
 */
export function setSessionVariables(variables: object): void {
  const request = currentVariables();
  requireUnsaved(request);
  if (!isArrayLike(variables)) {
    const given = typeName(variables, request.reporter.version);
    throw new TypeError(`setSessionVariables(): variables must be an array, ${given} given`);
  }
  const entries = entriesOf(variables);
  const { session } = request;
  session.variables.scalar = undefined;
  session.variables.all = new Map();
  const { all } = session.variables;
  for (const [key, value] of entries) all.set(presentKey(all, key), value as PhpValue);
}
