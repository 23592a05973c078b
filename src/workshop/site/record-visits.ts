/** Records two visits to the counter page: every callback and statement, as they happen. */
import { visit } from '../sandbox/browser.ts';
import type { Message } from '../sandbox/messages.ts';
import type { PageOrder } from '../sandbox/page-program.ts';
import { startPage } from '../sandbox/server.ts';

/** One visit: the request's cookie, the events, and the response. */
export interface Visit {
  cookie: string | undefined;
  messages: Message[];
  status: number;
  setCookie: string | undefined;
  body: string;
}

const order: PageOrder = {
  settings: { 'session.gc_probability': '1', 'session.gc_divisor': '1' },
  traced: true,
};

/**
 * Serves the page by the class of a condition, as the lab does, and visits it twice with one
 * browser.
 *
 * @param condition - `lesson-05`.
 * @param databaseUrl - A schema with the lesson's empty table.
 * @returns The first visit and the next.
 * @throws ClassUnavailable when the class cannot be served.
 */
export async function recordVisits(condition: string, databaseUrl: string): Promise<Visit[]> {
  let messages: Message[] = [];
  let onResponse = (): void => {};
  const server = await startPage(order, {
    condition,
    environment: { DATABASE_URL: databaseUrl },
    onEvent(event) {
      messages.push(event);
      if (event.type === 'response') onResponse();
    },
  });
  const record = async (cookie?: string): Promise<Visit> => {
    messages = [];
    // The response may be here before the report of it.
    const reported = new Promise<void>((resolve) => {
      onResponse = resolve;
    });
    const { status, setCookie, body } = await visit(server.port, { cookie });
    await reported;
    return { cookie, messages, status, setCookie: setCookie[0], body: body.trim() };
  };
  try {
    const first = await record();
    return [first, await record(first.setCookie?.split(';', 1)[0])];
  } finally {
    await server.stop();
  }
}
