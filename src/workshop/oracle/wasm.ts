import { getPHPLoaderModule } from '@php-wasm/node-8-4';
import { loadPHPRuntime, PHP } from '@php-wasm/universal';

/** A running PHP 8.4, compiled to WebAssembly: always there after `npm ci`. */
export interface WasmPhp {
  /**
   * Runs a script from its `<?php` to its end and gives back every byte it printed.
   * The interpreter is kept: a later run starts with fresh variables, but sees the same files.
   */
  run(code: string): Promise<Buffer>;
  /** Puts a file into PHP's own file system (not the machine's), for input too large for a script. */
  write(path: string, content: Uint8Array): void;
  close(): void;
}

/**
 * Starts the PHP that is installed as an npm package.
 *
 * @returns the interpreter; close it at the end of the test file
 * @example
 * const php = await openWasmPhp();
 * (await php.run('<?php echo serialize(1.0);')).toString(); // 'd:1;'
 * php.close();
 */
export async function openWasmPhp(): Promise<WasmPhp> {
  const runtime = await loadPHPRuntime(await getPHPLoaderModule(), {
    // The loader's default ends the whole process when PHP stops on a fatal error.
    quit(_code: number, reason: Error) {
      throw reason;
    },
  });
  const php = new PHP(runtime);
  return {
    async run(code) {
      const response = await php.run({ code });
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
