/** Reads the doc comments of everything that the library exports: examples, and parameters. */
import { relative, sep } from 'node:path';
import ts from 'typescript';
import { root } from '../../src/workshop/course/catalogue.ts';
import type { PublicModule } from '../../src/workshop/site/public-modules.ts';
import { undescribedParameters } from './parameters.ts';

/** A public name's example, as written in its doc comment. */
export interface Example {
  /** The name that the example documents: `session_id`. */
  name: string;
  /** The module that exports the name: `phpsessid/php`. */
  module: string;
  /** The source file, relative to the project. */
  file: string;
  /** The example's first line, counted from one. */
  line: number;
  text: string;
}

/** The public names that an example may use. */
export interface Exporters {
  /** Each exported name and the modules that export it, in the order of the modules. */
  exporters: Map<string, string[]>;
}

/** The public modules' names, their examples and what their doc comments lack. */
export interface PublicNames extends Exporters {
  examples: Example[];
  /** Functions and classes without an example, as `src/php/functions/values.ts:12 session_id`. */
  without: string[];
  /** Methods and parameters without a description, as `src/store/store.ts:165 Sessions.open(id)`. */
  undescribed: string[];
}

/** The compiler's options for the library's sources and for the examples. */
export const compilerOptions: ts.CompilerOptions = {
  ...readOptions(),
  noEmit: true,
  declaration: false,
  isolatedDeclarations: false,
};

function readOptions(): ts.CompilerOptions {
  const read = (path: string): string | undefined => ts.sys.readFile(path);
  const { config } = ts.readConfigFile(`${root}/tsconfig.json`, read);
  const { compilerOptions } = config as { compilerOptions: object };
  return ts.convertCompilerOptionsFromJson(compilerOptions, root).options;
}

/**
 * Reads the doc comments of all exports of the modules.
 *
 * @param modules - The modules; a name that several modules export is read once.
 */
export function readExamples(modules: readonly PublicModule[]): PublicNames {
  const program = ts.createProgram(
    modules.map(({ path }) => path),
    compilerOptions,
  );
  const checker = program.getTypeChecker();
  const seen = new Set<ts.Symbol>();
  const names: PublicNames = { examples: [], without: [], undescribed: [], exporters: new Map() };
  for (const { path, name: module } of modules) {
    const source = program.getSourceFile(path);
    const symbol = source && checker.getSymbolAtLocation(source);
    if (!symbol) throw new Error(`${path} exports nothing`);
    for (const exported of checker.getExportsOfModule(symbol)) {
      const { name } = exported;
      names.exporters.set(name, [...(names.exporters.get(name) ?? []), module]);
      const isAlias = exported.flags & ts.SymbolFlags.Alias;
      const meant = isAlias ? checker.getAliasedSymbol(exported) : exported;
      if (seen.has(meant)) continue;
      seen.add(meant);
      const found = (meant.declarations ?? []).flatMap(examplesOf);
      names.examples.push(...found.map((example) => ({ ...example, name, module })));
      const [declaration] = meant.declarations ?? [];
      const needsOne = meant.flags & (ts.SymbolFlags.Function | ts.SymbolFlags.Class);
      if (declaration && needsOne && found.length === 0) {
        names.without.push(`${placeOf(declaration)} ${name}`);
      }
      names.undescribed.push(
        ...undescribedParameters(checker, exported, meant).map(
          ({ name, declaration }) => `${placeOf(declaration)} ${name}`,
        ),
      );
    }
  }
  return names;
}

function examplesOf(declaration: ts.Declaration): Pick<Example, 'file' | 'line' | 'text'>[] {
  return ts
    .getJSDocTags(declaration)
    .filter(({ tagName }) => tagName.text === 'example')
    .map((tag) => {
      const source = tag.getSourceFile();
      const [first = '', ...lines] = source.text
        .slice(tag.tagName.end, tag.end)
        .replace(/\s*\*\/[\s\S]*$/, '')
        .split('\n');
      if (first.trim()) throw new Error(`${placeOf(tag)} begins on the line of its tag`);
      const text = lines
        .map((line) => line.replace(/^\s*\* ?/, ''))
        .join('\n')
        .trimEnd();
      return { file: fileOf(source), line: lineOf(tag) + 1, text };
    });
}

function placeOf(node: ts.Node): string {
  return `${fileOf(node.getSourceFile())}:${lineOf(node)}`;
}

function fileOf({ fileName }: ts.SourceFile): string {
  return relative(root, fileName).replaceAll(sep, '/');
}

function lineOf(node: ts.Node): number {
  const source = node.getSourceFile();
  return source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
}
