/**
 * Lets a file of tests name the class that it imports as `#sessions`, in the query of its own
 * address: `sessions.test.ts?class=file:///…/made/null.ts`. A condition would choose one class for
 * the whole process.
 */
import module from 'node:module';

const hook = './choose-class-hook.mjs';

// Node 20 has only the older function, which runs the hook in a thread.
if (module.registerHooks) module.registerHooks(await import(hook));
else module.register(hook, import.meta.url);
