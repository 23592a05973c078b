import { loadPHPRuntime, PHP } from '@php-wasm/universal';
import type { PhpVersion } from '../../serialize/index.ts';
import { loadBuild } from './wasm-build.ts';

/** A running PHP, compiled to WebAssembly: 8.4 is always there after `npm ci`. */
export interface WasmPhp {
  /**
   * Runs a script from its `<?php` to its end and gives back every byte it printed.
   * The interpreter is kept: a later run starts with fresh variables, but sees the same files.
   * Headers are what a client would send: a Referer, for example.
   */
  run(code: string, headers?: Record<string, string> | undefined): Promise<Buffer>;
  /** Puts a file into PHP's own file system (not the machine's), for input too large for a script. */
  write(path: string, content: Uint8Array): void;
  close(): void;
}

/** Which PHP is wanted. */
export interface WasmPhpOptions {
  /** The PHP release; all but 8.4 are fetched once. @default '8.4' */
  version?: PhpVersion | undefined;
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
    // The loader's default ends the whole process when PHP stops on a fatal error.
    quit(_code: number, reason: Error) {
      throw reason;
    },
  });
  const php = new PHP(runtime);
  return {
    async run(code, headers = {}) {
      const response = await php.run({ code, headers });
      return Buffer.from(response.bytes);
    },
    write(path, content) {
      php.writeFile(path, content);
    },
    close() {
      php.exit();
    },
  };
}
