/** `npm run servers`. */
import { once } from 'node:events';
import { findLesson } from '../../course/catalogue.ts';
import { schemaFor } from '../../course/tables.ts';
import { WrongCall } from '../../machine/command.ts';
import { withServer } from '../../machine/database/with-server.ts';
import { visit } from '../../sandbox/browser.ts';
import { countOf, openLessonSite, type Site, serverOf, visitOften } from '../../sandbox/site.ts';
import { listenToKeys, type Terminal } from '../terminal.ts';
import { type Command, existingClass } from '../usage.ts';

/** The lesson whose site this is. */
const LESSON = 23;

const REQUESTS = '1000';
const AT_ONCE = 8;

export const servers: Command = {
  name: 'servers',
  words: 0,
  options: { class: { type: 'string' }, requests: { type: 'string' } },
  help: `Starts the site of lesson ${LESSON}: two Node servers and a PHP server on one table, behind haproxy.
Counts to ${REQUESTS} over all three, and exits with 0 when none is lost. In a terminal the site stays,
for your browser, and a key kills a server or starts it again.

  npm run servers                       the lesson's class
  npm run servers -- --class mine       your class in the Node servers
  npm run servers -- --requests 100
  npm run servers -- --json`,
  async run({ lessons, terminal, text }) {
    const lesson = findLesson(lessons, LESSON);
    const requests = Number(text('requests') ?? REQUESTS);
    if (!Number.isInteger(requests) || requests < 3 || requests > 100_000) {
      throw new WrongCall(
        `--requests takes a whole number from 3 to 100000, and "${text('requests')}" is not one.`,
      );
    }
    const { path } = existingClass(lessons, text('class') ?? lesson.condition);
    const progress = terminal.whisper;
    return await withServer({ progress }, async (server, signal) => {
      const schema = await server.createSchema('servers');
      await schema.run(schemaFor(lessons, LESSON));
      const site = await openLessonSite(lesson, path, schema.url, { progress, signal });
      try {
        const names = [...site.servers.keys()].join(', ');
        terminal.say(`site  ${terminal.paint('cyan', `http://127.0.0.1:${site.port}/`)}`);
        terminal.say(`      ${names} behind ${site.proxy}\n`);
        const counted = await count(site, requests, terminal, signal);
        terminal.answer(counted);
        if (terminal.interactive) await obeyKeys(site, requests, terminal, signal);
        // Ctrl-C ends the servers too, and perhaps the count before this process gets the signal.
        signal.throwIfAborted();
        return counted.count === requests ? 0 : 1;
      } finally {
        await site.close();
      }
    });
  },
};

/** Sends one browser's requests, and prints who has answered them. */
async function count(
  site: Site,
  requests: number,
  { say, paint }: Terminal,
  signal: AbortSignal,
): Promise<{ count: number; failed: number; answered: Record<string, number> }> {
  say(`one browser sends ${requests} requests, ${AT_ONCE} at a time …`);
  const first = await visit(site.port);
  const { cookie, status } = first;
  signal.throwIfAborted();
  if (status !== 200) {
    say(paint('red', `✘ no server answers (${site.proxy}: ${status}). a, b and p start them\n`));
    return { count: 0, failed: 1, answered: {} };
  }
  const began = performance.now();
  const { right, failed } = await visitOften(site.port, cookie, requests - 2, AT_ONCE, signal);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  const end = await visit(site.port, { cookie });
  const last = countOf(end);
  for (const page of [first, end].filter(({ status }) => status === 200)) {
    right.set(serverOf(page), (right.get(serverOf(page)) ?? 0) + 1);
  }
  const answered = [...right].sort().map(([name, number]) => `${name} ${number}`);
  say(`answered: ${answered.join(', ')}; failed: ${failed}; ${seconds} s`);
  const isWhole = last === requests;
  say(paint(isWhole ? 'green' : 'red', `${isWhole ? '✔' : '✘'} the counter is at ${last}\n`));
  return { count: last, failed, answered: Object.fromEntries(right) };
}

/** Kills and starts servers by their letters, until the learner quits. */
async function obeyKeys(
  site: Site,
  requests: number,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const all = [...site.servers.values()];
  const ending = new AbortController();
  const either = AbortSignal.any([signal, ending.signal]);
  let working = Promise.resolve();
  const act = async (key: string): Promise<void> => {
    const server = all.find(({ name }) => name[0]?.toLowerCase() === key);
    if (key === 'r') {
      if (!site.isReachable) {
        terminal.say(`${site.proxy} has ended: it is started again`);
        await site.reopen();
      }
      await count(site, requests, terminal, either);
    }
    if (!server) return;
    const wasUp = server.isUp;
    await (wasUp ? server.kill() : server.start());
    terminal.say(`${server.name} ${wasUp ? 'was killed' : 'is up'}`);
  };
  const complain = (error: unknown): void => {
    if (!either.aborted) terminal.complain(String(error));
  };
  terminal.say('a, b, p kill a server or start it · r the requests again · q quit');
  const release = listenToKeys((key) => {
    if (['q', '', '\u0003'].includes(key)) ending.abort();
    else working = working.then(() => act(key)).catch(complain);
  });
  try {
    if (!either.aborted) await once(either, 'abort');
    await working;
  } finally {
    release();
  }
}
