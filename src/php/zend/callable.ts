/** The reasons why a value is not a callback. Zend/zend_API.c, zend_is_callable_ex(). */
import { PhpFloat, PhpObject } from '../../serialize/index.ts';
import { entriesOf, isArrayLike, toText } from './arguments.ts';
import { beforeNul, textOf, typeName } from './conversions.ts';
import type { Reporter } from './reporter.ts';

/**
 * Returns the last clause of PHP's error for an invalid callback. Only functions are callbacks here;
 * no string names a function or a class.
 *
 * @param value - The value given instead of a function.
 * @param reporter - Knows the PHP release; the texts differ.
 * @returns PHP's reason.
 */
export function whyNoCallback(value: unknown, reporter: Reporter): string {
  if (reporter.version < '8.3') return noFunction(callableName(value, reporter));
  const text = value instanceof Uint8Array ? textOf(Buffer.from(value)) : value;
  if (typeof text === 'string') return whyNoName(text);
  if (!isArrayLike(value)) return 'no array or string given';
  const entries = new Map(entriesOf(value));
  if (entries.size !== 2) return 'array callback must have exactly two members';
  if (!entries.has(0) || !entries.has(1)) return 'array callback has to contain indices 0 and 1';
  const [owner, method] = [entries.get(0), entries.get(1)];
  if (owner instanceof PhpObject && typeof method === 'string') {
    return `class ${owner.className} does not have a method "${method}"`;
  }
  if (typeof owner !== 'string' && !(owner instanceof PhpObject)) {
    return 'first array member is not a valid class name or object';
  }
  if (typeof method !== 'string') return 'second array member is not a valid method';
  return whyNoClass(String(owner));
}

/** The method's name follows the last colon, if that is one of two. */
function whyNoName(text: string): string {
  const colon = text.lastIndexOf(':');
  if (colon < 1 || text[colon - 1] !== ':') return noFunction(text);
  return colon === 1 ? 'invalid function name' : whyNoClass(text.slice(0, colon - 1));
}

function whyNoClass(name: string): string {
  const word = name.toLowerCase();
  return word === 'self' || word === 'parent' || word === 'static'
    ? `cannot access "${word}" when no class scope is active`
    : `class "${beforeNul(name)}" not found`;
}

function noFunction(name: string): string {
  return `function "${beforeNul(name)}" not found or invalid function name`;
}

/** zend_get_callable_name(). */
function callableName(value: unknown, reporter: Reporter): string {
  if (isArrayLike(value)) {
    const entries = new Map(entriesOf(value));
    const [owner, method] = [entries.get(0), entries.get(1)];
    if (entries.size !== 2 || typeof method !== 'string') return 'Array';
    if (typeof owner === 'string') return `${owner}::${method}`;
    return owner instanceof PhpObject ? `${owner.className}::${method}` : 'Array';
  }
  const isScalar = value instanceof PhpFloat || value instanceof Uint8Array;
  if (typeof value !== 'object' || value === null || isScalar) return toText(reporter, value) ?? '';
  return `${typeName(value, '8.2')}::__invoke`;
}
