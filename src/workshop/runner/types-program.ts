/**
 * The process that type-checks the learner's class. It stays: TypeScript needs seconds for its first
 * look at a project, and a tenth of a second for a file that was saved.
 *
 * Each message asks for one check; the answer is the list of problems.
 */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import type typescript from 'typescript';
import { minePath } from '../course/catalogue.ts';
import { editorConfig, editorConfigPath } from '../course/mine.ts';
import type { TypeProblem } from './types.ts';

/** An import would look through nine megabytes for the names of their exports. */
const ts: typeof typescript = createRequire(import.meta.url)('typescript');

const folder = dirname(minePath);

let project = readProject();
const service = ts.createLanguageService({
  getCompilationSettings: () => project.options,
  getScriptFileNames: () => project.fileNames,
  getScriptVersion: (path) => String(ts.sys.getModifiedTime?.(path)?.getTime() ?? 0),
  getScriptSnapshot(path) {
    const text = ts.sys.readFile(path);
    return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
  },
  getCurrentDirectory: () => folder,
  getDefaultLibFileName: ts.getDefaultLibFilePath,
  fileExists: ts.sys.fileExists,
  readFile: ts.sys.readFile,
  readDirectory: ts.sys.readDirectory,
  directoryExists: ts.sys.directoryExists,
  getDirectories: ts.sys.getDirectories,
  // Else the comments of @types/node, most of its text, are parsed too; no error comes from them.
  jsDocParsingMode: ts.JSDocParsingMode.ParseForTypeErrors,
});

/** Reads the project anew: the learner may have added a file, or edited its settings. */
function readProject(): typescript.ParsedCommandLine {
  const { config = editorConfig, error } = ts.sys.fileExists(editorConfigPath)
    ? ts.readConfigFile(editorConfigPath, ts.sys.readFile)
    : {};
  const read = ts.parseJsonConfigFileContent(config, ts.sys, folder);
  return error ? { ...read, errors: [error] } : read;
}

function check(): TypeProblem[] {
  project = readProject();
  const found = project.fileNames.flatMap((path) => [
    ...service.getSyntacticDiagnostics(path),
    ...service.getSemanticDiagnostics(path),
  ]);
  return [...project.errors, ...found].map(({ file, start = 0, messageText }) => ({
    file: file?.fileName ?? editorConfigPath,
    line: (file?.getLineAndCharacterOfPosition(start).line ?? 0) + 1,
    message: ts.flattenDiagnosticMessageText(messageText, '\n'),
  }));
}

process.on('message', () => process.send?.(check()));
// The workshop has ended.
process.on('disconnect', () => process.exit());
