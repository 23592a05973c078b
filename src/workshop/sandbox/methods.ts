/** The methods of the article's class, in the order of the port. */
import type { StaticSessions } from './contract.ts';

/** PHP's name for a callback. */
export type Callback = 'open' | 'close' | 'read' | 'write' | 'destroy' | 'gc' | 'create_sid';

/** A method of the article's class. */
export interface Method {
  name: keyof StaticSessions & string;
  callback: Callback;
  /** The arguments that the lab asks the reader for. */
  takes: ('id' | 'data' | 'lifetime')[];
  /** The first line of its declaration. */
  example: string;
}

export const METHODS: readonly Method[] = [
  {
    name: 'Open',
    callback: 'open',
    takes: [],
    example: 'static async Open(path: string, session_name: string)',
  },
  { name: 'Read', callback: 'read', takes: ['id'], example: 'static async Read(sid: string)' },
  {
    name: 'Write',
    callback: 'write',
    takes: ['id', 'data'],
    example: 'static async Write(sid: string, data: string)',
  },
  {
    name: 'Destroy',
    callback: 'destroy',
    takes: ['id'],
    example: 'static async Destroy(sid: string)',
  },
  {
    name: 'garbageCollect',
    callback: 'gc',
    takes: ['lifetime'],
    example: 'static async garbageCollect(max_life: number)',
  },
  { name: 'createId', callback: 'create_sid', takes: [], example: 'static async createId()' },
  { name: 'Close', callback: 'close', takes: [], example: 'static async Close()' },
];
