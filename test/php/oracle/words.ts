/** The words that the tables of sequences are written in. */
import type { Answer, Argument, Handler, Step } from './steps.ts';

export const call = (name: string, ...values: Argument[]): Step => ['call', name, ...values];
export const ini = (key: string, value: string): Step => call('ini_set', `session.${key}`, value);
export const use = (form: Handler['form'], answers: Record<string, Answer> = {}): Step => [
  'handler',
  { form, answers },
];
export const start: Step = call('session_start');
export const close: Step = call('session_write_close');
export const destroy: Step = call('session_destroy');
export const id: Step = call('session_id');
export const status: Step = call('session_status');
export const count: Step = ['set', 'count', 1];
export const variables: Step = ['variables'];
/** A visitor whose session the memory store knows. */
export const known = { cookies: { PHPSESSID: 'known' }, store: { known: 'count|i:7;' } } as const;
