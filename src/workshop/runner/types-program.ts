/**
 * The process that type-checks the learner's class. It stays: TypeScript needs seconds for its first
 * look at a project, and a tenth of a second for a file that was saved.
 */
import { createRequire } from 'node:module';
import { answerChecks } from './types-service.ts';

// An import would look through nine megabytes for the names of their exports.
answerChecks(createRequire(import.meta.url)('typescript'));
