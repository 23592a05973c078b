/**
 * Lets a file of tests name the class that it imports as `#sessions`, in the query of its own
 * address: `sessions.test.ts?class=file:///…/made/null.ts`. A condition would choose one class for
 * the whole process.
 */
import { addHooks } from '../machine/hooks.mjs';

await addHooks(new URL('./choose-class-hook.mjs', import.meta.url).href);
