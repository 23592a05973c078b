/** The reasons why a value is not a callback. Zend/zend_API.c, zend_is_callable_ex(). */
import { PhpObject, type PhpVersion } from '../../serialize/index.ts';
import { entriesOf, isArrayLike } from './arguments.ts';
import { typeName } from './conversions.ts';

/**
 * Returns the last clause of PHP's error for an invalid callback. Only functions are callbacks here;
 * no string names a function or a class.
 *
 * @param value - The value given instead of a function.
 * @param version - The PHP release; the texts differ.
 * @returns PHP's reason.
 */
export function whyNoCallback(value: unknown, version: PhpVersion): string {
  if (version < '8.3') return noFunction(callableName(value));
  if (typeof value === 'string') {
    const [className, method] = value.split('::', 2) as [string, string?];
    return method === undefined || className === ''
      ? noFunction(value)
      : `class "${className}" not found`;
  }
  if (!isArrayLike(value)) return 'no array or string given';
  const entries = new Map(entriesOf(value));
  if (entries.size !== 2) return 'array callback must have exactly two members';
  if (!entries.has(0) || !entries.has(1)) return 'array callback has to contain indices 0 and 1';
  const [owner, method] = [entries.get(0), entries.get(1)];
  if (owner instanceof PhpObject && typeof method === 'string') {
    return `class ${owner.className} does not have a method "${method}"`;
  }
  if (typeof method !== 'string') return 'second array member is not a valid method';
  return typeof owner === 'string'
    ? `class "${owner}" not found`
    : 'first array member is not a valid class name or object';
}

function noFunction(name: string): string {
  return `function "${name}" not found or invalid function name`;
}

/** zend_get_callable_name(). */
function callableName(value: unknown): string {
  if (isArrayLike(value)) {
    const entries = new Map(entriesOf(value));
    const [owner, method] = [entries.get(0), entries.get(1)];
    if (entries.size !== 2 || typeof method !== 'string') return 'Array';
    if (typeof owner === 'string') return `${owner}::${method}`;
    return owner instanceof PhpObject ? `${owner.className}::${method}` : 'Array';
  }
  if (value instanceof PhpObject) return `${typeName(value, '8.2')}::__invoke`;
  if (value === null || value === undefined || value === false) return '';
  return value === true ? '1' : String(value);
}
