/**
 * The script of the snapshot: it loads TypeScript, parses the declarations that each class needs, and
 * leaves the function with which a process that starts from the snapshot begins.
 *
 * Its arguments are a {@link TypeOrder} in JSON, and the files that are parsed.
 */
import { startupSnapshot } from 'node:v8';
import ts from 'typescript';
import { answerChecks, checker, newRegistry, type TypeOrder } from './types-service.ts';

const [order = '', ...files] = process.argv.slice(2);
const project = JSON.parse(order) as TypeOrder;
const registry = newRegistry(ts, project.folder);
checker(ts, project, registry, files)();
startupSnapshot.setDeserializeMainFunction(() => answerChecks(ts, registry));
