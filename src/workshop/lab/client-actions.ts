/** The actions behind the buttons of the lab's two clients. */

import { METHODS } from '../sandbox/methods.ts';
import { type ClientName, NAMES, USERS } from './clients.ts';
import { describeWait, findWaits } from './lock-waits.ts';
import type { RunningClass } from './running-class.ts';

/** Performs the action of a button, the field `do`, and returns the outcome in one sentence. */
export async function actAsClient(
  running: RunningClass,
  fields: Map<string, string>,
): Promise<string> {
  const name: ClientName = fields.get('client') === 'mallory' ? 'mallory' : 'you';
  const instance = fields.get('at') === '2' ? 2 : 1;
  const client = running.clients[name];
  const visit = (path: string) => running.visit(name, path, instance);
  const asked = fields.get('do') ?? 'visit';
  if (asked.startsWith('call-')) return visit(methodCall(asked.slice('call-'.length), fields));
  switch (asked) {
    case 'cookie':
      // A header cannot contain control characters.
      client.cookie = (fields.get('cookie') ?? '').replace(/[^\P{Cc}\t]+/gu, ' ').trim();
      running.touch();
      return `${NAMES[name]}: cookie kept.`;
    case 'forget':
      client.cookie = '';
      client.setCookie = [];
      running.touch();
      return `${NAMES[name]}: cookie deleted.`;
    case 'login':
      return visit(`/login?user=${USERS[name]}`);
    case 'whoami':
      return visit('/whoami');
    case 'logout':
      return visit('/logout');
    case 'twice': {
      const began = Date.now();
      const answers = await Promise.all([visit('/'), visit('/')]);
      const waits = findWaits(running.timeline.entries, Date.now());
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
