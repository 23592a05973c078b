// The package's own declarations cannot be resolved under NodeNext.
declare module '@php-wasm/universal' {
  export function loadPHPRuntime(
    loader: unknown,
    options: Record<string, unknown>,
  ): Promise<number>;

  export class PHP {
    constructor(runtime: number);
    run(request: {
      code?: string;
      relativeUri?: string;
      method?: string;
      headers?: Record<string, string>;
      body?: string | Uint8Array;
    }): Promise<{ readonly bytes: Uint8Array }>;
    writeFile(path: string, content: string | Uint8Array): void;
    readFileAsBuffer(path: string): Uint8Array;
    mkdir(path: string): void;
    listFiles(path: string): string[];
    isDir(path: string): boolean;
    fileExists(path: string): boolean;
    rmdir(path: string, options?: { recursive?: boolean }): void;
    unlink(path: string): void;
    exit(code?: number): void;
  }
}
