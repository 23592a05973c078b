/** `$_SESSION`: whatever request runs, its variables. */
import { type PhpKey, PhpReference, type PhpValue } from '../../serialize/index.ts';
import { integerKey } from '../../serialize/numbers.ts';
import { PhpScopeError } from '../messages.ts';
import { currentVariables, isInHandler } from '../session/scope.ts';
import { followReference } from '../session/variables.ts';

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

function keyOf(property: string): PhpKey {
  return integerKey(property) ?? property;
}

/** Where a property is found: decoded data may hold the string '5', which PHP's code cannot name. */
function placeOf(variables: ReadonlyMap<PhpKey, PhpValue>, property: string): PhpKey {
  const key = keyOf(property);
  return variables.has(key) ? key : property;
}

function writable(): Map<PhpKey, PhpValue> {
  const request = currentVariables();
  // A save handler may: PHP lets it, and saves nothing of it either.
  if (request.committed !== undefined && !isInHandler()) {
    throw new PhpScopeError(
      `$_SESSION was changed after it had been saved: ${request.committed}; change it before`,
    );
  }
  const { variables } = request.session;
  if (variables.scalar === false) {
    request.reporter.warn(
      'E_DEPRECATED',
      'Automatic conversion of false to array is deprecated',
      '',
    );
    variables.scalar = undefined;
  }
  if (variables.scalar !== undefined) throw new Error('Cannot use a scalar value as an array');
  variables.all ??= new Map();
  return variables.all;
}

function readable(): ReadonlyMap<PhpKey, PhpValue> {
  return currentVariables().session.variables.all ?? new Map<PhpKey, PhpValue>();
}

/**
 * The session's variables, of whatever request is running. PHP's array keys: `$_SESSION['5']` and
 * `$_SESSION[5]` are one place.
 *
 * Reading where no session was started gives undefined. Writing before session_start() is undone by
 * it, and writing after the session was saved throws.
 *
 * @throws PhpScopeError outside a request, while a session function is not awaited, and where a
 *   change would not be saved any more.
 * @see {@link https://php.net/reserved.variables.session | PHP's manual}
 * @example
 * await session_start();
 * $_SESSION['count'] = Number($_SESSION['count'] ?? 0) + 1;
 * $_SESSION['count']; // 1
 * delete $_SESSION['count'];
 * 'count' in $_SESSION; // false
 */
export const $_SESSION: PhpSession = new Proxy(Object.create(null) as PhpSession, {
  get(target, property) {
    if (typeof property === 'symbol') return Reflect.get(target, property);
    const variables = readable();
    return followReference(variables.get(placeOf(variables, property)));
  },
  set(_target, property, value) {
    if (typeof property === 'symbol') return false;
    const variables = writable();
    const present = variables.get(keyOf(property));
    if (present instanceof PhpReference && !(value instanceof PhpReference)) {
      present.value = value as PhpValue;
    } else variables.set(keyOf(property), value as PhpValue);
    return true;
  },
  has(_target, property) {
    if (typeof property === 'symbol') return false;
    const variables = readable();
    return variables.has(placeOf(variables, property));
  },
  deleteProperty(_target, property) {
    if (typeof property === 'string') writable().delete(keyOf(property));
    return true;
  },
  defineProperty(_target, property, descriptor) {
    if (typeof property === 'symbol' || !('value' in descriptor)) return false;
    writable().set(keyOf(property), descriptor.value as PhpValue);
    return true;
  },
  ownKeys() {
    return [...new Set([...readable().keys()].map(String))];
  },
  getOwnPropertyDescriptor(_target, property) {
    if (typeof property === 'symbol') return undefined;
    const variables = readable();
    const place = placeOf(variables, property);
    if (!variables.has(place)) return undefined;
    const value = followReference(variables.get(place));
    return { value, writable: true, enumerable: true, configurable: true };
  },
});
