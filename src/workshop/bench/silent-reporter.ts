/** A reporter that prints nothing: the parent is told on its own pipe, the rest is the class's. */
import type { TestEvent } from 'node:test/reporters';

/** Takes every event and yields no text. */
export default async function* silent(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const _event of source) yield '';
}
