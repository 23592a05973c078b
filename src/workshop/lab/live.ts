/** Server-sent events: changed parts of a page, and sentences for screen readers. */
import type { Context } from 'hono';
import { streamSSE } from 'hono/streaming';
import { errorMessage } from '../machine/error-message.ts';
import { type Html, html } from './html.ts';
import type { Lab } from './lab.ts';

/** An open page asks the database for changes from elsewhere at this interval. */
const INTERVAL = 1_500;

/** The events of a page. */
interface LivePage {
  /** True when a change of this topic, a class or a page, can change this page. */
  concerns(topic: string): boolean;
  /** True when sentences of this topic are read aloud on this page. */
  announces(topic: string): boolean;
  /** Draws the parts by their element's id; undefined when the page must be loaded again. */
  draw(): Promise<Map<string, Html> | undefined>;
  /** Reads the tables again. */
  refresh(): Promise<void>;
}

/** The moment in milliseconds since 1970, by which a page orders sentences, also those of a lab before. */
export const moment = (): number => performance.timeOrigin + performance.now();

/** Sends every changed part of a page until the page is closed. */
export function streamLive(context: Context, lab: Lab, page: LivePage): Response {
  return streamSSE(context, async (stream) => {
    const sent = new Map<string, string>();
    const sentences: { data: string; id: string }[] = [];
    let wake = () => {};
    const onChange = (topic: string | undefined) => {
      if (topic === undefined || page.concerns(topic)) wake();
    };
    const onSay = (topic: string | undefined, sentence: string) => {
      if (topic === undefined || page.announces(topic)) {
        sentences.push({ data: sentence, id: String(moment()) });
      }
      wake();
    };
    lab.on('change', onChange).on('say', onSay);
    stream.onAbort(() => wake());
    try {
      // A page that was open when the lab ended has the token of that start.
      await stream.writeSSE({ event: 'token', data: lab.token });
      while (!stream.aborted && !stream.closed) {
        const changed = new Promise<void>((resolve) => {
          wake = resolve;
        });
        const parts = await page.draw().catch(explain);
        if (!parts) {
          await stream.writeSSE({ event: 'reload', data: '' });
          break;
        }
        for (const [id, part] of parts) {
          const markup = part.toString();
          if (sent.get(id) === markup) continue;
          sent.set(id, markup);
          await stream.writeSSE({ event: 'part', data: JSON.stringify({ id, markup }) });
        }
        for (const said of sentences.splice(0)) await stream.writeSSE({ event: 'say', ...said });
        const timer = setTimeout(() => wake(), INTERVAL);
        await changed;
        clearTimeout(timer);
        if (lab.database.state === 'down') await lab.probe();
        else await page.refresh();
      }
    } finally {
      lab.off('change', onChange).off('say', onSay);
    }
  });
}

/** The status of a page that cannot be drawn, as while a lesson's file is broken. */
function explain(error: unknown): Map<string, Html> {
  const sentence = html`<span class="dot bad" aria-hidden="true"></span><strong>${errorMessage(error)}</strong> The page goes on by itself as soon as this is corrected.`;
  return new Map([['status', sentence]]);
}
