/** Random bytes that a test can replace and record, whichever function a class draws them with. */
import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { mock } from 'node:test';

/** Makes this many bytes. */
export type ByteSource = (size: number) => Uint8Array;

/** A result, and the random bytes that were drawn for it. */
export interface Drawn<Result> {
  result: Result;
  /** One buffer for each call of a random function. */
  bytes: Buffer[];
}

const { randomBytes } = crypto;

/** Functions that a class kept at the top of its file outlive a recording, and draw from here. */
let draw: ByteSource = randomBytes;

/**
 * Runs `call` while every random byte comes from `source`.
 *
 * Counted are node:crypto's `randomBytes`, `randomFill`, `randomFillSync` and `randomUUID`, and
 * both forms of `getRandomValues`; `Math.random` is not.
 *
 * @param source - The bytes to draw; random ones by default.
 */
export async function recordDraws<Result>(
  call: () => Promise<Result>,
  source: ByteSource = (size) => randomBytes(size),
): Promise<Drawn<Result>> {
  const bytes: Buffer[] = [];
  draw = (size) => {
    const drawn = Buffer.from(source(size));
    bytes.push(drawn);
    return drawn;
  };
  const mocks = replaceSources();
  syncBuiltinESMExports();
  try {
    return { result: await call(), bytes };
  } finally {
    draw = randomBytes;
    for (const each of mocks) each.mock.restore();
    syncBuiltinESMExports();
  }
}

type Callback<Value> = (error: Error | null, value: Value) => void;

/** Fills a view, of any element type, and returns it. */
function fill<View extends NodeJS.ArrayBufferView>(view: View, offset = 0, size?: number): View {
  const all = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  const part = all.subarray(offset, size === undefined ? undefined : offset + size);
  part.set(draw(part.length));
  return view;
}

function replaceSources() {
  const bytes = (size: number, callback?: Callback<Buffer>): Buffer | undefined => {
    const drawn = Buffer.from(draw(size));
    if (!callback) return drawn;
    setImmediate(callback, null, drawn);
    return undefined;
  };
  const fillLater = (view: NodeJS.ArrayBufferView, ...rest: unknown[]): void => {
    const callback = rest.pop() as Callback<unknown>;
    const [offset, size] = rest as number[];
    setImmediate(callback, null, fill(view, offset, size));
  };
  const uuid = (): string => {
    const drawn = Buffer.from(draw(16));
    drawn[6] = ((drawn[6] ?? 0) & 0x0f) | 0x40;
    drawn[8] = ((drawn[8] ?? 0) & 0x3f) | 0x80;
    return drawn.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  };
  const values = (view: NodeJS.ArrayBufferView): NodeJS.ArrayBufferView => fill(view);
  return [
    mock.method(crypto, 'randomBytes', bytes as typeof crypto.randomBytes),
    mock.method(crypto, 'randomFillSync', fill as typeof crypto.randomFillSync),
    mock.method(crypto, 'randomFill', fillLater as typeof crypto.randomFill),
    mock.method(crypto, 'randomUUID', uuid as typeof crypto.randomUUID),
    mock.method(globalThis.crypto, 'getRandomValues', values as typeof crypto.getRandomValues),
    mock.method(globalThis.crypto, 'randomUUID', uuid as typeof crypto.randomUUID),
  ];
}
