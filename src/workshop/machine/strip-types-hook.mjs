/** A hook for Node's loader: TypeScript becomes JavaScript, once for each content of a file. */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** `npm ci` empties it. */
const cache = fileURLToPath(new URL('../../../node_modules/.cache/strip-types/', import.meta.url));
/** A change of this file's options makes other code. */
const version = readFileSync(fileURLToPath(import.meta.url));

/**
 * @param {string} url
 * @param {import('node:module').LoadHookContext} context
 * @param {Parameters<import('node:module').LoadHookSync>[2]} next
 * @returns {import('node:module').LoadFnOutput}
 */
export function load(url, context, next) {
  const [address] = url.split(/[?#]/, 1);
  if (!address.startsWith('file:') || !address.endsWith('.ts')) return next(url, context);
  return { format: 'module', shortCircuit: true, source: stripTypes(fileURLToPath(address)) };
}

/** @param {string} path */
function stripTypes(path) {
  const source = readFileSync(path, 'utf8');
  const key = createHash('sha1').update(version).update(source).digest('hex');
  const kept = join(cache, key);
  try {
    return readFileSync(kept, 'utf8');
  } catch {
    const code = transform(source, path);
    keep(kept, code);
    return code;
  }
}

/**
 * @param {string} source
 * @param {string} path
 */
function transform(source, path) {
  const { transformSync } = createRequire(import.meta.url)('esbuild');
  const { code, map } = transformSync(source, {
    loader: 'ts',
    target: `node${process.versions.node}`,
    sourcemap: 'external',
    sourcesContent: false,
    // The name in errors.
    sourcefile: path,
  });
  // The same content in another folder uses the same code: a source without a name is the module.
  const anywhere = JSON.stringify({ ...JSON.parse(map), sources: [''] });
  const data = Buffer.from(anywhere).toString('base64');
  return `${code}//# sourceMappingURL=data:application/json;base64,${data}`;
}

/**
 * Other processes may write the same file now. A folder that cannot be written makes each start
 * slower, and nothing else.
 *
 * @param {string} path
 * @param {string} code
 */
function keep(path, code) {
  try {
    mkdirSync(cache, { recursive: true });
    const draft = `${path}-${process.pid}-${process.hrtime.bigint()}`;
    writeFileSync(draft, code);
    renameSync(draft, path);
  } catch {}
}
