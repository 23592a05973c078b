/** The addresses of the page with several web servers and several databases. */
import type { Hono } from 'hono';
import { Databases } from './databases.ts';
import { answerForm, readFields } from './forms.ts';
import type { Lab } from './lab.ts';
import { WAYS, type Way } from './ledger.ts';
import { streamLive } from './live.ts';
import { SERVERS } from './machine.ts';
import { serversPage, serversParts } from './views/servers.ts';
import { WebServers } from './web-servers.ts';

/** Adds the page, its events and its buttons; forms to `/servers` have been checked before. */
export function addServers(app: Hono, lab: Lab): void {
  const model = { lab, web: new WebServers(lab), databases: new Databases(lab) };
  app.get('/servers', (context) => context.redirect('/servers/'));
  app.get('/servers/', (context) => context.html(serversPage(model).toString()));
  app.get('/servers/live', (context) =>
    streamLive(context, lab, {
      concerns: (topic) => topic === SERVERS,
      announces: (topic) => topic === SERVERS,
      draw: async () => serversParts(model),
      refresh: () => model.databases.refresh(),
    }),
  );
  app.post('/servers', async (context) => {
    const fields = await readFields(context, lab);
    const [part, said] = await press(model, fields.get('do') ?? '');
    return answerForm(context, said, `/servers/#${part}`);
  });
}

/** @returns The part of the page, and the outcome in one sentence. */
async function press(
  { web, databases }: { web: WebServers; databases: Databases },
  button: string,
): Promise<[part: string, said: string]> {
  const [part, task, word = ''] = button.split(' ');
  const number = Number(word);
  if (part === 'web') {
    if (task === 'start') return [part, web.start()];
    if (task === 'send' && number > 0 && number <= 1_000) return [part, web.send(number)];
    if (task === 'forget') return [part, web.forget()];
    if (task === 'reopen') return [part, await web.reopen()];
    if (task === 'toggle') return [part, await web.toggle(word)];
    if (task === 'hang') return [part, await web.hang(word)];
  }
  if (part === 'databases') {
    if (task === 'start') return [part, databases.start()];
    if (task === 'save' && word in WAYS) return [part, databases.save(300, word as Way)];
    if (task === 'toggle') return [part, await databases.toggle(word)];
    if (task === 'hang') return [part, await databases.hang(word)];
  }
  throw new RangeError(`There is no button "${button}".`);
}
