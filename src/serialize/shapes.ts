/**
 * Which key followed which in the records that were read lately. The keys of sessions repeat, from
 * one element of a list to the next and from one request to the next: a guess costs one comparison
 * of bytes where reading a key costs its length, its hash and the look whether it is a number.
 */
export interface Shape {
  readonly key: string;
  /** The key as it is written: `s:4:"name";`. */
  readonly written: Uint8Array;
  /** The same four bytes to a word, little-endian, the last one filled up. */
  readonly words: Uint32Array;
  /** The same bytes, to be read four at once from anywhere. */
  readonly view: DataView;
  /** What followed the last time. */
  next: Shape | undefined;
  /** Everything that ever followed. */
  readonly others: Map<string, Shape>;
  /** Where the records begin that are this key's value, or elements of its value. */
  inner: Shape | undefined;
}

/** Past this many shapes nothing more is remembered, whoever sends ever new keys. */
const MOST = 2048;

const LONGEST = 64;

let count = 0;

/** Where the outermost record begins. */
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
 * Finds where the records inside a shape begin.
 *
 * @param shape the key whose value is opened
 * @returns the first shape of the value
 */
export function innerShape(shape: Shape): Shape {
  if (shape.inner !== undefined) return shape.inner;
  if (count >= MOST) return shape;
  const inner = create('', new Uint8Array());
  shape.inner = inner;
  return inner;
}

/**
 * Remembers which key came after a shape.
 *
 * @param shape the key before
 * @param key the key that came
 * @param written how it was written; copied
 * @returns the shape of the key that came
 */
export function learn(shape: Shape, key: string, written: Uint8Array): Shape {
  // `__proto__` must be defined, not assigned; and a long key is data rather than a name.
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

/** Begins anew: other keys than the ones remembered are in use now. */
function forget(): void {
  count = 0;
  root = create('', new Uint8Array());
}
