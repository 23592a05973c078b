/** Checks types for the process that asks, with the copy of TypeScript that this process has. */
import { join } from 'node:path';
import type typescript from 'typescript';

export interface TypeProblem {
  /** Absolute path. */
  file: string;
  line: number;
  /** TypeScript's text; its later lines say more about the first. */
  message: string;
}

/** Describes the project to check; each message to the process carries it. */
export interface TypeOrder {
  /** The learner's folder. */
  folder: string;
  /** The path of the project's settings. */
  configPath: string;
  /** The settings while there is no such file. */
  config: object;
  /** TypeScript's folder with the declarations of the language. */
  library: string;
}

/**
 * Answers each message, a {@link TypeOrder}, with the list of problems, until the workshop ends.
 *
 * @param registry - Files that are parsed already.
 */
export function answerChecks(
  ts: typeof typescript,
  registry?: typescript.DocumentRegistry | undefined,
): void {
  let check: (() => TypeProblem[]) | undefined;
  process.on('message', (order: TypeOrder) => {
    check ??= checker(ts, order, registry);
    process.send?.(check());
  });
  process.on('disconnect', () => process.exit());
}

/**
 * Makes a function that checks the project as it is at each call.
 *
 * @param files - Absolute paths to check in place of the project's.
 */
export function checker(
  ts: typeof typescript,
  { folder, configPath, config, library }: TypeOrder,
  registry: typescript.DocumentRegistry = newRegistry(ts, folder),
  files?: string[],
): () => TypeProblem[] {
  // The learner may add a file, or edit the settings.
  const readProject = (): typescript.ParsedCommandLine => {
    const { config: own = config, error } = ts.sys.fileExists(configPath)
      ? ts.readConfigFile(configPath, ts.sys.readFile)
      : {};
    const read = ts.parseJsonConfigFileContent(own, ts.sys, folder);
    return {
      ...read,
      ...(error ? { errors: [error] } : {}),
      ...(files ? { fileNames: files } : {}),
    };
  };
  let project = readProject();
  const service = ts.createLanguageService(
    {
      getCompilationSettings: () => project.options,
      getScriptFileNames: () => project.fileNames,
      getScriptVersion: (path) => String(ts.sys.getModifiedTime?.(path)?.getTime() ?? 0),
      getScriptSnapshot(path) {
        const text = ts.sys.readFile(path);
        return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
      },
      getCurrentDirectory: () => folder,
      getDefaultLibFileName: (options) => join(library, ts.getDefaultLibFileName(options)),
      fileExists: ts.sys.fileExists,
      readFile: ts.sys.readFile,
      readDirectory: ts.sys.readDirectory,
      directoryExists: ts.sys.directoryExists,
      getDirectories: ts.sys.getDirectories,
      // node_modules may be a link, and the files behind it are the same.
      ...(ts.sys.realpath ? { realpath: ts.sys.realpath } : {}),
      jsDocParsingMode,
    },
    registry,
  );
  return () => {
    project = readProject();
    const found = project.fileNames.flatMap((path) => [
      ...service.getSyntacticDiagnostics(path),
      ...service.getSemanticDiagnostics(path),
    ]);
    return [...project.errors, ...found].map(({ file, start = 0, messageText }) => ({
      file: file?.fileName ?? configPath,
      line: (file?.getLineAndCharacterOfPosition(start).line ?? 0) + 1,
      message: ts.flattenDiagnosticMessageText(messageText, '\n'),
    }));
  };
}

/**
 * Type errors do not come from comments. Without this mode those of @types/node, most of its text,
 * are parsed as well.
 */
const jsDocParsingMode: typescript.JSDocParsingMode.ParseForTypeErrors = 2;

/** Makes a place for parsed files. */
export function newRegistry(ts: typeof typescript, folder: string): typescript.DocumentRegistry {
  return ts.createDocumentRegistry(ts.sys.useCaseSensitiveFileNames, folder, jsDocParsingMode);
}
