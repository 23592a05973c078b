/** Collects the text that a call leaves behind outside the database: its error, and its output. */
import { inspect } from 'node:util';

/**
 * Returns a call's error with all its properties and causes, and everything that it wrote to the
 * console, to standard output and standard error, or as a warning.
 */
export async function overhear(call: () => Promise<unknown>): Promise<string> {
  const texts: string[] = [];
  const tap = (stream: NodeJS.WriteStream): (() => void) => {
    const { write } = stream;
    stream.write = ((chunk: unknown, ...rest: never[]) => {
      texts.push(chunk instanceof Uint8Array ? Buffer.from(chunk).toString() : String(chunk));
      return write.call(stream, chunk as never, ...rest);
    }) as typeof write;
    return () => {
      stream.write = write;
    };
  };
  const warned = (warning: Error): void => {
    texts.push(inspect(warning));
  };
  const taps = [tap(process.stdout), tap(process.stderr)];
  process.on('warning', warned);
  try {
    await call();
  } catch (error) {
    texts.push(inspect(error, { depth: 9, showHidden: true }));
  } finally {
    // A warning is emitted a turn later.
    await new Promise(setImmediate);
    for (const remove of taps) remove();
    process.off('warning', warned);
  }
  return texts.join('\n');
}
