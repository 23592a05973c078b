/**
 * A key of a record, and the keys that followed it in recent records. The keys of sessions repeat,
 * within a list and between requests: a prediction costs one comparison of bytes, while reading a
 * key costs its length, its hash and the check for an integer.
 *
 * These shapes, the cache of keys (decode/keys), the decoder and the spare encoder with their
 * buffers are the state that the whole process shares. None of it is visible in a result: every
 * call leaves it without values of its input, and no code of an application runs during decoding.
 */
export interface Shape {
  readonly key: string;
  /** The key as PHP writes it: `s:4:"name";`. */
  readonly written: Uint8Array;
  /** The same as 32-bit words, little-endian, the last one padded. */
  readonly words: Uint32Array;
  /** The same, for reading four bytes at any offset. */
  readonly view: DataView;
  /** The key that followed last. */
  next: Shape | undefined;
  /** All keys that followed. */
  readonly others: Map<string, Shape>;
  /** The start of the records that are this key's value, or elements of its value. */
  inner: Shape | undefined;
}

/** The limit against input with ever new keys: with more shapes, all are dropped. */
const MOST = 2048;

const LONGEST = 64;

let count = 0;

/** The start of the outermost record. */
export let root: Shape = create('', new Uint8Array());

function create(key: string, written: Uint8Array): Shape {
  count++;
  const view = new DataView(written.buffer, written.byteOffset, written.length);
  const words = wordsOf(written);
  return { key, written, words, view, next: undefined, others: new Map(), inner: undefined };
}

function wordsOf(bytes: Uint8Array): Uint32Array {
  const padded = new Uint8Array((bytes.length + 3) & ~3);
  padded.set(bytes);
  const view = new DataView(padded.buffer);
  return Uint32Array.from({ length: padded.length >> 2 }, (_, index) =>
    view.getUint32(index * 4, true),
  );
}

/**
 * Returns the start of the records in a key's value.
 *
 * @param shape - The key.
 */
export function innerShape(shape: Shape): Shape {
  if (shape.inner !== undefined) return shape.inner;
  if (count >= MOST) return shape;
  const inner = create('', new Uint8Array());
  shape.inner = inner;
  return inner;
}

/**
 * Learns which key followed another.
 *
 * @param shape - The key before.
 * @param key - The key that followed.
 * @param written - The key as PHP writes it; copied.
 * @returns The shape of the key that followed.
 */
export function learn(shape: Shape, key: string, written: Uint8Array): Shape {
  // `__proto__` must be defined, not assigned. A long key is data rather than a name.
  if (key === '__proto__' || written.length > LONGEST) return shape;
  const known = shape.others.get(key);
  if (known !== undefined && known.written.length === written.length) {
    shape.next = known;
    return known;
  }
  if (count >= MOST) forget();
  const next = create(key, Uint8Array.from(written));
  shape.others.set(key, next);
  shape.next = next;
  return next;
}

/** Drops all shapes: other keys are in use now. */
function forget(): void {
  count = 0;
  root = create('', new Uint8Array());
}
