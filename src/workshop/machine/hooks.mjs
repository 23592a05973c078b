/** Adds hooks to Node's module loader, in the thread that loads. */
import module, { createRequire } from 'node:module';

/**
 * Adds hooks.
 *
 * @param {string} url - The address of the module that exports them.
 */
export async function addHooks(url) {
  if (module.registerHooks) module.registerHooks(await import(url));
  else if (!wrapLoader(await import(url))) module.register(url);
}

/**
 * @param {{
 *   resolve?: import('node:module').ResolveHookSync;
 *   load?: import('node:module').LoadHookSync;
 * }} hooks
 * @returns {boolean} False where Node's loader is out of reach.
 */
function wrapLoader({ resolve, load }) {
  const loader = internalLoader();
  if (!loader) return false;
  if (resolve) {
    const next = loader.resolve.bind(loader);
    loader.resolve = (specifier, parentURL, importAttributes) =>
      resolve(specifier, { conditions: [], importAttributes, parentURL }, (other) =>
        next(other, parentURL, importAttributes),
      );
  }
  if (load) {
    const next = loader.load.bind(loader);
    loader.load = async (url, context) => ({
      responseURL: url,
      ...(await load(url, context, next)),
    });
  }
  return true;
}

/**
 * Node 20 has only `register()`, which runs hooks in another thread. The start of that thread, and
 * two messages for each import, cost more CPU than the rest of a child's start. Node 20 gets no
 * further release, so its internal loader stays as it is.
 */
function internalLoader() {
  if (!process.execArgv.includes('--expose-internals')) return undefined;
  const require = createRequire(import.meta.url);
  return require('internal/modules/esm/loader').getOrInitializeCascadedLoader?.();
}
