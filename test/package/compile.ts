/**
 * Compiles projects with one release of TypeScript, as its `tsc` would; the declarations of libraries,
 * which are most of the work, are parsed once for all of them.
 *
 * The first argument is the path of TypeScript's library, the second the projects. Prints what the
 * compiler says of each.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type typescript from 'typescript';

/** A project with a `page.ts`. All must have the same `--target`. */
export interface Compilation {
  folder: string;
  /** As on a command line. */
  options: readonly string[];
}

const [library = '', compilations = '[]'] = process.argv.slice(2);
const ts = createRequire(import.meta.url)(library) as typeof typescript;
const declarations = new Map<string, typescript.SourceFile | undefined>();

function compile({ folder, options: line }: Compilation): string {
  const { options, errors } = ts.parseCommandLine(line);
  const host = ts.createCompilerHost(options);
  host.getCurrentDirectory = () => folder;
  host.jsDocParsingMode = ts.JSDocParsingMode.ParseForTypeErrors;
  const read = host.getSourceFile;
  host.getSourceFile = (path, how, ...others) => {
    if (!path.endsWith('.d.ts')) return read(path, how, ...others);
    // The same file is of another format where a resolution knows no formats.
    const key = `${path} ${typeof how === 'object' ? how.impliedNodeFormat : ''}`;
    const file = declarations.get(key) ?? read(path, how, ...others);
    declarations.set(key, file);
    return file;
  };
  const program = ts.createProgram([join(folder, 'page.ts')], options, host);
  const found = [...errors, ...ts.getPreEmitDiagnostics(program), ...program.emit().diagnostics];
  return ts.formatDiagnostics(found, host);
}

console.log(JSON.stringify((JSON.parse(compilations) as Compilation[]).map(compile)));
