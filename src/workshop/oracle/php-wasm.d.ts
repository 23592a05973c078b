// The two packages ship either no declarations or ones that NodeNext cannot resolve.
declare module '@php-wasm/node-8-4' {
  export function getPHPLoaderModule(): Promise<unknown>;
}

declare module '@php-wasm/universal' {
  export function loadPHPRuntime(
    loader: unknown,
    options: Record<string, unknown>,
  ): Promise<number>;

  export interface PHPResponse {
    readonly bytes: Uint8Array;
    readonly errors: string;
    readonly exitCode: number;
    readonly headers: Record<string, string[]>;
    readonly httpStatusCode: number;
  }

  export class PHP {
    constructor(runtime: number);
    run(request: {
      code?: string;
      scriptPath?: string;
      relativeUri?: string;
      method?: string;
      headers?: Record<string, string>;
      body?: string | Uint8Array;
      env?: Record<string, string>;
      $_SERVER?: Record<string, string>;
    }): Promise<PHPResponse>;
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
