/** Server-sent events: the parts of a page that have changed, and sentences for the screen reader. */
import type { Context } from 'hono';
import { streamSSE } from 'hono/streaming';
import type { Html } from './html.ts';
import type { Lab } from './lab.ts';

/** How often a page that somebody looks at asks the database for changes from elsewhere. */
const LOOK = 1_500;

/** What a page wants to be told. */
export interface Telling {
  /** Whether news about a class, or about a page of its own name, changes anything here. */
  concerns(topic: string): boolean;
  /** Whether a sentence about it is for the reader of this page. */
  announces(topic: string): boolean;
  /** Draws the parts by their element's id; undefined when the whole page is another one now. */
  draw(): Promise<Map<string, Html> | undefined>;
  /** Looks at the tables again. */
  look(): Promise<void>;
}

/**
 * Sends each part of a page that has changed for as long as somebody looks at it.
 *
 * @param context The request of the page's script.
 * @param lab Where the news comes from.
 * @param telling What the page wants to be told.
 */
export function streamLive(context: Context, lab: Lab, telling: Telling): Response {
  return streamSSE(context, async (stream) => {
    const sent = new Map<string, string>();
    const sentences: string[] = [];
    let wake = () => {};
    const onChange = (topic: string | undefined) => {
      if (topic === undefined || telling.concerns(topic)) wake();
    };
    const onSay = (topic: string | undefined, sentence: string) => {
      if (topic === undefined || telling.announces(topic)) sentences.push(sentence);
      wake();
    };
    lab.on('change', onChange).on('say', onSay);
    stream.onAbort(() => wake());
    while (!stream.aborted && !stream.closed) {
      const changed = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const parts = await telling.draw();
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
      for (const said of sentences.splice(0)) await stream.writeSSE({ event: 'say', data: said });
      const timer = setTimeout(() => wake(), LOOK);
      await changed;
      clearTimeout(timer);
      if (lab.database.state === 'down') await lab.probe();
      else await telling.look();
    }
    lab.off('change', onChange).off('say', onSay);
  });
}
