/** Serves the counter page for a recording: each request's events, and gates at the database. */
import { EventEmitter, once } from 'node:events';
import { type PageRequest, type PageResponse, visit } from '../sandbox/browser.ts';
import type { Message } from '../sandbox/messages.ts';
import type { PageOrder } from '../sandbox/page-program.ts';
import { startPage } from '../sandbox/server.ts';
import { openWire, type Wire } from '../wire/proxy.ts';

/** A page that is served for a recording. */
export interface RecordedPage {
  /** The wire between the class and its database. */
  wire: Wire;
  /**
   * Requests the page.
   *
   * @returns The response, and every event of the request in order.
   */
  request(wanted?: PageRequest): Promise<{ response: PageResponse; messages: Message[] }>;
}

/** The class and the schema of a recording. */
export interface Recorded {
  /** `lesson-05`. */
  condition: string;
  /** A schema with the lesson's empty table. */
  databaseUrl: string;
  /** PHP's settings. */
  settings?: PageOrder['settings'];
}

/**
 * Serves the page by the class of a condition, as the lab does, for the length of a recording.
 *
 * @throws ClassUnavailable when the class cannot be served.
 */
export async function withRecordedPage<Result>(
  { condition, databaseUrl, settings }: Recorded,
  record: (page: RecordedPage) => Promise<Result>,
): Promise<Result> {
  const wire = await openWire(databaseUrl);
  const events = new Map<number, Message[]>();
  const reports = new EventEmitter();
  const server = await startPage(
    { settings, traced: true },
    {
      condition,
      environment: { DATABASE_URL: wire.url },
      onEvent(event) {
        events.set(event.request, [...(events.get(event.request) ?? []), event]);
        if (event.type === 'response') reports.emit('response');
      },
    },
  );
  /** The events of the request with this address, once its response is among them. */
  const eventsOf = async (url: string): Promise<Message[]> => {
    for (;;) {
      const found = [...events.values()].find(
        (messages) =>
          messages.some((each) => each.type === 'request' && each.url === url) &&
          messages.some(({ type }) => type === 'response'),
      );
      if (found) return found;
      await once(reports, 'response');
    }
  };
  let requests = 0;
  try {
    return await record({
      wire,
      async request(wanted = {}) {
        requests += 1;
        const { path = '/' } = wanted;
        const own = `${path}${path.includes('?') ? '&' : '?'}recording=${requests}`;
        const response = await visit(server.port, { ...wanted, path: own });
        return { response, messages: await eventsOf(own) };
      },
    });
  } finally {
    await server.stop();
    await wire.close();
  }
}
