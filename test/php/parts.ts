/** The parts of a request for PHP's layer without an adapter, and the headers that its response gets. */
import type { RequestParts, ResponseHead } from '#php';

interface TestParts {
  readonly parts: { input: NonNullable<RequestParts['input']>; head: ResponseHead };
  readonly headers: ReadonlyMap<string, string | readonly string[]>;
}

/** A request whose cookie names a session; without `id` it has none. */
export function partsOf(id?: string): TestParts {
  const headers = new Map<string, string | readonly string[]>();
  const none = (): undefined => undefined;
  return {
    parts: {
      input: { cookie: () => id, query: none, form: none, referer: undefined },
      head: {
        headersSent: false,
        getHeader: (name) => headers.get(name),
        setHeader: (name, value) => headers.set(name, value),
        removeHeader: (name) => void headers.delete(name),
      },
    },
    headers,
  };
}
