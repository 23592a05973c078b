/**
 * The names of an object's properties, without PHP's NUL bytes: `role` is public, `protected:role`
 * protected and `private:User:pin` private. A name that has no such form stays as PHP mangles it.
 */
import type { PhpKey } from '../values.ts';

const PREFIXED = /^(?:public|protected|private):/;
const MANGLED = /^\0([^\0:]*)\0([^\0]*)$/;
const READABLE = /^(?:(public|protected):|private:([^:]*):)(.*)$/s;

/**
 * Makes a name readable.
 *
 * @param key - The key of {@link PhpObject.properties}.
 * @returns The readable name; the same key for an element's number and for bytes.
 */
export function readableName(key: PhpKey): PhpKey {
  if (typeof key !== 'string') return key;
  if (PREFIXED.test(key)) return `public:${key}`;
  const [, scope, name] = MANGLED.exec(key) ?? [];
  if (scope === undefined) return key;
  return scope === '*' ? `protected:${name}` : `private:${scope}:${name}`;
}

/**
 * Mangles a readable name as PHP does.
 *
 * @param key - A name that {@link readableName} returned.
 * @returns The key for {@link PhpObject.properties}; undefined for a prefix without a name.
 */
export function mangledName(key: PhpKey): PhpKey | undefined {
  if (typeof key !== 'string' || !PREFIXED.test(key)) return key;
  const [, visibility, declaredBy, name] = READABLE.exec(key) ?? [];
  if (name === undefined) return undefined;
  if (visibility === 'public') return name;
  return visibility === 'protected' ? `\0*\0${name}` : `\0${declaredBy}\0${name}`;
}
