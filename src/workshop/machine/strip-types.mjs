/**
 * Lets this process load TypeScript: `node --import ./src/workshop/machine/strip-types.mjs file.ts`.
 *
 * tsx does the same and takes four times as long to start (190 ms of CPU against 45). The workshop
 * and its tests start hundreds of processes.
 */
import module from 'node:module';

const hook = './strip-types-hook.mjs';

// Node 20 has only the older function, which runs the hook in a thread.
if (module.registerHooks) module.registerHooks(await import(hook));
else module.register(hook, import.meta.url);
process.setSourceMapsEnabled(true);
