import type { PhpRequest } from './request.ts';

/** A storage module: ps_module in php_session.h. Failure is false or undefined, as C's FAILURE. */
export interface SaveModule {
  readonly name: 'files' | 'user';
  open(request: PhpRequest, savePath: string, name: string): Promise<boolean>;
  close(request: PhpRequest): Promise<boolean>;
  read(request: PhpRequest, id: string): Promise<Buffer | undefined>;
  write(request: PhpRequest, id: string, data: Buffer): Promise<boolean>;
  destroy(request: PhpRequest, id: string): Promise<boolean>;
  /** How many sessions went; negative for a failure. */
  gc(request: PhpRequest, maxLifetime: number): Promise<number>;
  createId(request: PhpRequest): Promise<string | undefined>;
  validateId(request: PhpRequest, id: string): Promise<boolean>;
  updateTimestamp(request: PhpRequest, id: string, data: Buffer): Promise<boolean>;
}
