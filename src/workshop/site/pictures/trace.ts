/** Recorded visits as a table: which callback asks the database what. */
import type { Message } from '../../sandbox/messages.ts';
import { block, type Yield } from '../page.ts';
import type { Visit } from '../record-visits.ts';
import { table } from '../table.ts';

/** Draws recorded visits, in order. */
export function drawTrace(visits: readonly Visit[]): Yield {
  const rows = visits.flatMap((visit) => [
    [`\`GET /\`${visit.cookie ? ` with \`${visit.cookie}\`` : ''}`, '', '', ''],
    ...visit.messages.flatMap((message) => rowOf(message, visit.messages)),
    [`\`${withoutTags(visit.body)}\`${cookieOf(visit)}`, '', '', ''],
  ]);
  return block(table(['the browser', 'PHP calls', 'the class asks MySQL', 'and answers'], rows));
}

/** A callback with its first statement beside it; its other statements below. */
function rowOf(message: Message, all: readonly Message[]): string[][] {
  if (message.type !== 'callback') return [];
  const own = all.filter((each) => 'step' in each && each.step === message.step);
  const statements = own.flatMap((each) => (each.type === 'sql' ? [withoutTime(each.sql)] : []));
  const answer = own.flatMap((each) => (each.type === 'callback-end' ? [each.answer ?? ''] : []));
  const call = `\`${message.name}(${message.values.join(', ')})\``;
  const [first, ...others] = statements.map((sql) => `\`${sql}\``);
  return [
    ['', call, first ?? '', `\`${answer.join()}\``],
    ...others.map((sql) => ['', '', sql, '']),
  ];
}

/** The time is the only part that differs between recordings. */
function withoutTime(sql: string): string {
  return sql.replace(/\b\d{10}\b/g, '…');
}

function withoutTags(html: string): string {
  return html.replace(/<[^>]+>/g, '');
}

function cookieOf({ setCookie }: Visit): string {
  return setCookie ? ` and \`Set-Cookie: ${setCookie.split(';', 1)[0]}\`` : '';
}
