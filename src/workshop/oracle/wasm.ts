import { dirname } from 'node:path';
import { loadPHPRuntime, PHP } from '@php-wasm/universal';
import type { PhpVersion } from '../../serialize/index.ts';
import { loadBuild } from './wasm-build.ts';

const INI = '/internal/shared/php.ini';

/** A running PHP, compiled to WebAssembly: 8.4 is always there after `npm ci`. */
export interface WasmPhp {
  /**
   * Runs a script from its `<?php` to its end and gives back every byte it printed.
   * The interpreter is kept: a later run starts with fresh variables, but sees the same files.
   */
  run(code: string, request?: WasmRequest | undefined): Promise<Buffer>;
  /** Puts a file into PHP's own file system (not the machine's), for input too large for a script. */
  write(path: string, content: Uint8Array): void;
  /** Removes a file or a folder with all that is in it. */
  remove(path: string): void;
  /** Reads all files of a folder of PHP's, by their paths in it; also after PHP has crashed. */
  readAll(folder: string): Map<string, Buffer>;
  close(): void;
}

/** What a client would send with a request. */
export interface WasmRequest {
  headers?: Record<string, string> | undefined;
  /** What stands behind the question mark. */
  query?: string | undefined;
  /** Makes it a POST of a form. */
  form?: string | undefined;
}

/** Which PHP is wanted. */
export interface WasmPhpOptions {
  /** The PHP release; all but 8.4 are fetched once. @default '8.4' */
  version?: PhpVersion | undefined;
  /** What php.ini sets. */
  settings?: Readonly<Record<string, string>> | undefined;
  /** Told when a release is fetched. */
  progress?: ((line: string) => void) | undefined;
}

/**
 * Starts the PHP that is installed as an npm package.
 *
 * @param options - Another release than 8.4, for example.
 * @returns the interpreter; close it at the end of the test file
 * @throws Error with the reason when another release than 8.4 cannot be fetched
 * @example
 * const php = await openWasmPhp();
 * (await php.run('<?php echo serialize(1.0);')).toString(); // 'd:1;'
 * php.close();
 */
export async function openWasmPhp(options: WasmPhpOptions = {}): Promise<WasmPhp> {
  const build = await loadBuild(options.version ?? '8.4', options.progress);
  const runtime = await loadPHPRuntime(build, {
    // A crash is thrown as well.
    printErr() {},
    // The loader's default ends the whole process when PHP stops on a fatal error.
    quit(_code: number, reason: Error) {
      throw reason;
    },
  });
  const php = new PHP(runtime);
  const lines = Object.entries(options.settings ?? {}).map(([key, value]) => `${key} = "${value}"`);
  // PHP reads it when the first script runs.
  const before = Buffer.from(php.readFileAsBuffer(INI)).toString();
  php.writeFile(INI, [before, ...lines, ''].join('\n'));
  return {
    async run(code, { headers = {}, query, form } = {}) {
      const type = { 'content-type': 'application/x-www-form-urlencoded' };
      const response = await php.run({
        code,
        headers: form === undefined ? headers : { ...headers, ...type },
        ...(query === undefined ? {} : { relativeUri: `/page.php?${query}` }),
        ...(form === undefined ? {} : { method: 'POST', body: Buffer.from(form) }),
      });
      return Buffer.from(response.bytes);
    },
    write(path, content) {
      php.mkdir(dirname(path));
      php.writeFile(path, content);
    },
    remove(path) {
      if (!php.fileExists(path)) return;
      if (php.isDir(path)) php.rmdir(path, { recursive: true });
      else php.unlink(path);
    },
    readAll(folder) {
      const files = new Map<string, Buffer>();
      const visit = (path: string): void => {
        for (const name of php.listFiles(path)) {
          const inner = `${path}/${name}`;
          if (php.isDir(inner)) visit(inner);
          else files.set(inner.slice(folder.length + 1), Buffer.from(php.readFileAsBuffer(inner)));
        }
      };
      visit(folder);
      return files;
    },
    close() {
      php.exit();
    },
  };
}
