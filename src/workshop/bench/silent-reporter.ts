/** A reporter that prints nothing: results go to the parent's pipe, standard output is the class's. */
import type { TestEvent } from 'node:test/reporters';

/** Takes every event and yields no text. */
export default async function* silent(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const _event of source) yield '';
}
