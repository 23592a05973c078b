/** Records two visits to the counter page: every callback and statement, as they happen. */
import type { Message } from '../sandbox/messages.ts';
import { withRecordedPage } from './record-page.ts';

/** One visit: the request's cookie, the events, and the response. */
export interface Visit {
  cookie: string | undefined;
  messages: Message[];
  setCookie: string | undefined;
  body: string;
}

/** Every request sweeps, so that both visits show it. */
const settings = { 'session.gc_probability': '1', 'session.gc_divisor': '1' };

/** Visits the page of a class twice with one browser. */
export function recordVisits(condition: string, databaseUrl: string): Promise<Visit[]> {
  return withRecordedPage({ condition, databaseUrl, settings }, async ({ request }) => {
    const record = async (cookie?: string): Promise<Visit> => {
      const { messages, setCookie, body } = await request({ cookie });
      return { cookie, messages, setCookie: setCookie[0], body: body.trim() };
    };
    const first = await record();
    return [first, await record(first.setCookie?.split(';', 1)[0])];
  });
}
