/** Serves the counter page for a recording: each request's events, and gates at the database. */
import { EventEmitter, once } from 'node:events';
import { type PageRequest, type PageResponse, visit } from '../sandbox/browser.ts';
import type { Message } from '../sandbox/messages.ts';
import type { PageOrder } from '../sandbox/page-program.ts';
import { startPage, UNSWEPT } from '../sandbox/server.ts';
import { openWire, type Wire } from '../wire/proxy.ts';

/** A response, with every event of its request in order. */
interface RecordedResponse extends PageResponse {
  messages: Message[];
}

/** A page that is served for a recording. */
export interface RecordedPage {
  /** The wire between the class and its database. */
  wire: Wire;
  request(wanted?: PageRequest): Promise<RecordedResponse>;
  /** Every event so far, by request. */
  events(): Message[][];
  /** Waits until a condition is true, looking at it after every event. */
  until(isTrue: () => boolean): Promise<void>;
}

/** The class and the schema of a recording. */
export interface Recorded {
  /** `lesson-05`. */
  condition: string;
  /** A schema with the lesson's empty table. */
  databaseUrl: string;
  /** PHP's settings; by default no request sweeps. */
  settings?: PageOrder['settings'];
}

/** Serves the page by the class of a condition, as the lab does, for the length of a recording. */
export async function withRecordedPage<Result>(
  { condition, databaseUrl, settings }: Recorded,
  record: (page: RecordedPage) => Promise<Result>,
): Promise<Result> {
  const wire = await openWire(databaseUrl);
  const requests = new Map<number, Message[]>();
  const reports = new EventEmitter();
  const server = await startPage(
    { settings: { ...UNSWEPT, ...settings }, traced: true },
    {
      condition,
      environment: { DATABASE_URL: wire.url },
      onEvent(event) {
        requests.set(event.request, [...(requests.get(event.request) ?? []), event]);
        reports.emit('event');
      },
    },
  );
  const events = (): Message[][] => [...requests.values()];
  const until = async (isTrue: () => boolean): Promise<void> => {
    while (!isTrue()) await once(reports, 'event');
  };
  let sent = 0;
  const request = async (wanted: PageRequest = {}): Promise<RecordedResponse> => {
    sent += 1;
    const { path = '/' } = wanted;
    const url = `${path}${path.includes('?') ? '&' : '?'}recording=${sent}`;
    const response = await visit(server.port, { ...wanted, path: url });
    const own = (): Message[] =>
      events().find(([first]) => first?.type === 'request' && first.url === url) ?? [];
    // The response may be here before the report of it.
    await until(() => own().at(-1)?.type === 'response');
    return { ...response, messages: own() };
  };
  try {
    return await record({ wire, request, events, until });
  } finally {
    await server.stop();
    await wire.close();
  }
}
