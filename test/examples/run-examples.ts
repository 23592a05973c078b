/** Runs the examples of doc comments, and checks what each of them claims. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type AddressInfo, createServer, Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { compileFunction } from 'node:vm';
import ts from 'typescript';
import { type PhpSessionMessage, withPhpRequest } from '../../src/php/index.ts';
import { createSessions } from '../../src/store/index.ts';
import { root } from '../../src/workshop/course/catalogue.ts';
import { type DatabaseServer, obtainServer } from '../../src/workshop/machine/database/server.ts';
import { show } from '../../src/workshop/site/pictures/story.ts';
import type { PublicModule } from '../../src/workshop/site/public-modules.ts';
import { type Instrumented, instrument } from './claims.ts';
import { compilerOptions, type Example, type Exporters } from './examples.ts';

/** Examples write 8080; each run takes a port of the system in its place. */
const PORT = /\b8080\b/g;

/** Examples of the store write this address; all of them share a schema with its tables. */
const DATABASE = 'mysql://user:password@localhost/app';

let server: DatabaseServer | undefined;
let address: Promise<string> | undefined;

async function openDatabase(): Promise<string> {
  server = await obtainServer();
  const { url } = await server.createSchema('examples');
  const sessions = createSessions({
    url,
    secrets: ['not used: this store creates a table'],
    gc: false,
  });
  await sessions.createTable();
  await sessions.close();
  return url;
}

/** Ends what the examples of the store needed. */
export async function closeDatabase(): Promise<void> {
  await server?.close();
}

/** Examples that only declare a type have no value to check. */
const TYPES_ONLY = /^declare /;

/** Functions that open a request themselves: their examples run outside any request. */
const OPENERS = /\b(?:withPhpRequest|withPhpSession|phpSession)\b/;

/** Parsed declarations of the library and its packages: a second program need not parse them again. */
const parsed = new Map<string, ts.SourceFile | undefined>();

/**
 * Compiles examples as strictly as the library itself.
 *
 * @param names - The names that they may use without an import.
 * @param modules - The modules that export those names.
 * @returns One sentence per fault, with file and line; empty if all compile.
 */
export function checkExamples(
  examples: readonly Example[],
  names: Exporters,
  modules: readonly PublicModule[],
): string[] {
  const files = new Map(
    examples.map((example, index) => [
      join(root, `example-${index}.ts`),
      { example, text: withImports(example, names) },
    ]),
  );
  const options: ts.CompilerOptions = {
    ...compilerOptions,
    // An example may declare names for its reader that it does not use.
    noUnusedLocals: false,
    noUnusedParameters: false,
    verbatimModuleSyntax: false,
    paths: Object.fromEntries(modules.map(({ path, name }) => [name, [path]])),
  };
  const host = ts.createCompilerHost(options);
  // Errors do not come from comments, which are most of the libraries' declarations.
  host.jsDocParsingMode = ts.JSDocParsingMode.ParseForTypeErrors;
  const { getSourceFile, fileExists, readFile } = host;
  host.getSourceFile = (path, language) => {
    const text = files.get(path)?.text;
    if (text !== undefined) return ts.createSourceFile(path, text, language);
    const format = typeof language === 'object' ? language.impliedNodeFormat : undefined;
    const file = parsed.get(`${path} ${format}`) ?? getSourceFile.call(host, path, language);
    parsed.set(`${path} ${format}`, file);
    return file;
  };
  host.fileExists = (path) => files.has(path) || fileExists.call(host, path);
  host.readFile = (path) => files.get(path)?.text ?? readFile.call(host, path);
  const program = ts.createProgram([...files.keys()], options, host);
  return [...files].flatMap(([path, { example }]) => {
    const source = program.getSourceFile(path);
    const diagnostics = [
      ...program.getSyntacticDiagnostics(source),
      ...program.getSemanticDiagnostics(source),
    ];
    return diagnostics.map(({ start, messageText }) => {
      const line = source?.getLineAndCharacterOfPosition(start ?? 0).line ?? 0;
      return blame(example, line, ts.flattenDiagnosticMessageText(messageText, '; '));
    });
  });
}

/**
 * Runs one example: those of `phpsessid/php` within a request, all others outside.
 *
 * @param names - The names that it may use without an import.
 * @param modules - The modules that export those names.
 * @returns One sentence per fault, with file and line; empty when all claims are true.
 */
export async function runExample(
  example: Example,
  names: Exporters,
  modules: readonly PublicModule[],
): Promise<string[]> {
  const instrumented = instrument(example.text);
  const { claims, messages, idle } = instrumented;
  const seen = new Map<number, string[]>();
  const reported: string[] = [];
  const faults = idle.map((line) =>
    blame(example, line, 'the code before this comment gives no value; put prose on its own line'),
  );
  const note = (index: number, value: string): void => {
    seen.set(index, [...(seen.get(index) ?? []), value]);
  };
  const run = await load(example, instrumented, names, modules, {
    saw: (index, value) => note(index, show(value)),
    threw: (index, error) =>
      note(index, `throws ${(error as Error).name}: ${(error as Error).message}`),
  });
  if (claims.length === 0 && messages.length === 0 && !TYPES_ONLY.test(example.text)) {
    faults.push(
      blame(example, 0, 'shows nothing: add a comment with the value behind a statement'),
    );
  }
  const onMessage = ({ level, message }: PhpSessionMessage): void => {
    reported.push(`${level}: ${message}`);
  };
  try {
    const isInside = example.module === 'phpsessid/php' && !OPENERS.test(example.text);
    await (isInside ? withPhpRequest({ onMessage }, run.body) : run.body());
  } catch (error) {
    faults.push(blame(example, 0, `throws ${String(error)}`));
  } finally {
    await run.close();
  }
  for (const [index, { line, expected }] of claims.entries()) {
    const given = seen.get(index) ?? ['nothing: it was never reached'];
    const wrong = given.find((each) => each !== expected);
    if (wrong !== undefined)
      faults.push(blame(example, line, `claims ${expected}, gives ${wrong}`));
  }
  const claimed = messages.map(({ expected }) => expected);
  if (reported.join('\n') !== claimed.join('\n')) {
    const joined = (list: string[]): string => list.join(' / ') || 'nothing';
    const line = messages[0]?.line ?? 0;
    faults.push(
      blame(example, line, `claims that PHP says ${joined(claimed)}, it says ${joined(reported)}`),
    );
  }
  return faults;
}

interface Probes {
  saw(index: number, value: unknown): void;
  threw(index: number, error: unknown): void;
}

async function load(
  example: Example,
  { code }: Instrumented,
  names: Exporters,
  modules: readonly PublicModule[],
  probes: Probes,
): Promise<{ body: () => Promise<void>; close: () => Promise<void> }> {
  const own = new Map<string, unknown>();
  for (const { path, name } of modules) own.set(name, await import(pathToFileURL(path).href));
  const door = await openDoor();
  const installed = createRequire(join(root, 'package.json'));
  const require = (name: string): unknown => own.get(name) ?? installed(name);
  if (code.includes(DATABASE)) address ??= openDatabase();
  const text = withImports({ ...example, text: code }, names)
    .replace(PORT, String(door.port))
    .replace(DATABASE, (await address) ?? DATABASE);
  const { outputText } = ts.transpileModule(text, {
    compilerOptions: {
      module: ts.ModuleKind.CommonJS,
      target: ts.ScriptTarget.ES2023,
      esModuleInterop: true,
    },
  });
  const start = compileFunction(`return (async () => {${outputText}\n})();`, [
    'require',
    'exports',
    '__saw',
    '__threw',
  ]) as (...values: unknown[]) => Promise<void>;
  const folder = mkdtempSync(join(tmpdir(), 'phpsessid-example-'));
  const before = process.env['TMPDIR'];
  process.env['TMPDIR'] = folder;
  return {
    body: () => start(require, {}, probes.saw, probes.threw),
    async close() {
      await door.close();
      if (before === undefined) delete process.env['TMPDIR'];
      else process.env['TMPDIR'] = before;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

interface Door {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * A port that listens before the example does: one that was only found free may be taken by then.
 * The first server that is to listen on it receives its connections, whichever framework makes it.
 */
async function openDoor(): Promise<Door> {
  const door = createServer().listen(0);
  await once(door, 'listening');
  const { port } = door.address() as AddressInfo;
  const sockets = new Set<Socket>();
  const { listen } = Server.prototype;
  Server.prototype.listen = function (this: Server, ...values: unknown[]): Server {
    const [first] = values;
    const wanted = typeof first === 'object' ? (first as { port?: unknown } | null)?.port : first;
    if (Number(wanted) !== port) return Reflect.apply(listen, this, values) as Server;
    if (door.listenerCount('connection') === 0) {
      door.on('connection', (socket) => {
        sockets.add(socket);
        this.emit('connection', socket);
      });
    }
    this.address = () => door.address();
    const callback = values.find((value) => typeof value === 'function');
    if (callback) this.once('listening', callback as () => void);
    setImmediate(() => this.emit('listening'));
    return this;
  } as typeof listen;
  return {
    port,
    async close() {
      Server.prototype.listen = listen;
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => door.close(resolve));
    },
  };
}

/** Imports the public names that an example uses and does not declare, on its first line. */
function withImports({ text, module }: Example, { exporters }: Exporters): string {
  const source = ts.createSourceFile('example.ts', text, ts.ScriptTarget.ES2023, true);
  const used = new Set<string>();
  const declared = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) {
      const { parent } = node;
      const isMember =
        (ts.isPropertyAccessExpression(parent) && parent.name === node) ||
        ts.isPropertyAssignment(parent) ||
        ts.isClassElement(parent);
      if (!isMember) used.add(node.text);
      const isDeclaration =
        (ts.isDeclarationStatement(parent) ||
          ts.isVariableDeclaration(parent) ||
          ts.isImportSpecifier(parent) ||
          ts.isParameter(parent)) &&
        parent.name === node;
      if (isDeclaration) declared.add(node.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  const wanted = new Map<string, string[]>();
  for (const name of used) {
    const from = exporters.get(name);
    if (!from || declared.has(name)) continue;
    const chosen = from.includes(module) ? module : (from[0] as string);
    wanted.set(chosen, [...(wanted.get(chosen) ?? []), name]);
  }
  const imports = [...wanted].map(
    ([from, list]) => `import { ${list.join(', ')} } from '${from}';`,
  );
  // A file without any import or export would share its declarations with the others.
  return `${imports.join(' ')} export {}; ${text}`;
}

function blame({ file, line, name }: Example, offset: number, message: string): string {
  return `${file}:${line + offset} ${name}: ${message}`;
}
