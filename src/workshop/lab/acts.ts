/** What the buttons of the lab's two clients do. */

import { METHODS } from '../sandbox/methods.ts';
import { type ClientName, NAMES, USERS } from './clients.ts';
import type { Stage } from './stage.ts';
import { describeWait } from './views/timeline.ts';
import { findWaits } from './waits.ts';

/**
 * Does what a button asks of a client.
 *
 * @param stage The class that answers.
 * @param fields The form: `do`, `client`, `at`, and what else the button needs.
 * @returns What came of it, in one sentence.
 */
export async function actAsClient(stage: Stage, fields: Map<string, string>): Promise<string> {
  const name: ClientName = fields.get('client') === 'mallory' ? 'mallory' : 'you';
  const instance = fields.get('at') === '2' ? 2 : 1;
  const client = stage.clients[name];
  const visit = (path: string) => stage.visit(name, path, instance);
  const asked = fields.get('do') ?? 'visit';
  if (asked.startsWith('call-')) return visit(methodCall(asked.slice('call-'.length), fields));
  switch (asked) {
    case 'cookie':
      // A line break would end the header: it is the one thing a Cookie line cannot hold.
      client.cookie = (fields.get('cookie') ?? '').replace(/[\r\n\0]+/g, ' ').trim();
      stage.touch();
      return `${NAMES[name]}: cookie kept.`;
    case 'forget':
      client.cookie = '';
      client.setCookie = [];
      stage.touch();
      return `${NAMES[name]}: cookie forgotten.`;
    case 'login':
      return visit(`/login?user=${USERS[name]}`);
    case 'whoami':
      return visit('/whoami');
    case 'logout':
      return visit('/logout');
    case 'twice': {
      const began = Date.now();
      const answers = await Promise.all([visit('/'), visit('/')]);
      const waits = findWaits(stage.timeline.entries, Date.now());
      const own = [...waits.values()].filter(({ from }) => from >= began);
      return [...answers, ...own.map(describeWait)].join(' ');
    }
    default:
      return visit('/');
  }
}

function methodCall(name: string, fields: Map<string, string>): string {
  const given = { id: fields.get('id') ?? '', data: fields.get('data') ?? '', lifetime: '1440' };
  const takes = METHODS.find((method) => method.name === name)?.takes ?? [];
  const query = new URLSearchParams([
    ['method', name],
    ...takes.map((each) => ['value', given[each]]),
  ]);
  return `/call?${query}`;
}
