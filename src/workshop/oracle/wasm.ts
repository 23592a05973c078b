import { dirname } from 'node:path';
import { loadPHPRuntime, PHP } from '@php-wasm/universal';
import type { PhpVersion } from '../../serialize/index.ts';
import { loadBuild } from './wasm-build.ts';

const INI = '/internal/shared/php.ini';

/** A running PHP, compiled to WebAssembly; 8.4 comes with `npm ci`. */
export interface WasmPhp {
  /** Runs a script and returns its output. A later run has fresh variables and the same files. */
  run(code: string, request?: WasmRequest | undefined): Promise<Buffer>;
  /** Writes a file in PHP's own file system, for input that is too large for a script. */
  write(path: string, content: Uint8Array): void;
  /** Removes a file or a folder with its content. */
  remove(path: string): void;
  /** Reads all files of a folder by their relative paths; works after a crash of PHP too. */
  readAll(folder: string): Map<string, Buffer>;
  close(): void;
}

/** A client's request. */
interface WasmRequest {
  headers?: Record<string, string> | undefined;
  /** The part after the `?`. */
  query?: string | undefined;
  /** A form's body; makes the request a POST. */
  form?: string | undefined;
}

/** The release and its settings. */
interface WasmPhpOptions {
  /** The PHP release; all but 8.4 are fetched once. @default '8.4' */
  version?: PhpVersion | undefined;
  /** php.ini settings. */
  settings?: Readonly<Record<string, string>> | undefined;
  /** Receives a line before a release is fetched. */
  progress?: ((line: string) => void) | undefined;
}

/** Uses a PHP from npm for one task. */
export async function withWasmPhp<Result>(
  task: (php: WasmPhp) => Promise<Result>,
): Promise<Result> {
  const php = await openWasmPhp();
  return await task(php).finally(() => php.close());
}

/**
 * Starts a PHP from npm.
 *
 * @returns The interpreter; close it at the end of the test file.
 * @throws Error with the reason when a release other than 8.4 cannot be fetched.
 * @example
 * const php = await openWasmPhp();
 * (await php.run('<?php echo serialize(1.0);')).toString(); // 'd:1;'
 * php.close();
 */
export async function openWasmPhp(options: WasmPhpOptions = {}): Promise<WasmPhp> {
  const { loader, ...build } = await loadBuild(options.version ?? '8.4', options.progress);
  const runtime = await loadPHPRuntime(loader, {
    ...build,
    // A crash throws anyway.
    printErr() {},
    // The loader's default ends the whole process when PHP stops on a fatal error.
    quit(_code: number, reason: Error) {
      throw reason;
    },
  });
  const php = new PHP(runtime);
  const lines = Object.entries(options.settings ?? {}).map(([key, value]) => `${key} = "${value}"`);
  // PHP reads the file when the first script runs.
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
