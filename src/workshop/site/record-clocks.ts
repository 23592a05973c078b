/** Records two servers whose clocks differ, on one table, and draws their statements. */
import { visit } from '../sandbox/browser.ts';
import { startPage } from '../sandbox/server.ts';
import { openWire } from '../wire/proxy.ts';
import type { Statement } from '../wire/statement.ts';
import type { Yield } from './page.ts';
import { type Arrow, drawSequence } from './pictures/sequence.ts';
import type { Recorded } from './record-page.ts';

const [A, TABLE, B] = ['server A', 'the table', 'server B'] as const;

/** Minutes that the clock of server B is ahead. */
const AHEAD = 60;

/**
 * Draws a save at one server, and a sweep at another one whose clock is an hour ahead, by a class
 * that goes by each server's own clock. Times are minutes from the moment of the recording.
 */
export async function drawTwoClocks({ condition, databaseUrl }: Recorded): Promise<Yield> {
  const passwords = {
    SESSION_PASSWORDS: JSON.stringify({ 1: 'for this picture, and for no other' }),
  };
  const began = Date.now() / 1000;
  const minutes = (value: unknown): string => {
    const past = Math.round((Number(value) - began) / 60);
    return past === 0 ? 'now' : `${past > 0 ? '+' : '−'}${Math.abs(past)} min`;
  };
  const serve = async (sweeps: '0' | '1', ahead: number) => {
    const wire = await openWire(databaseUrl);
    const statements: Statement[] = [];
    wire.watch(({ kind, ...event }) => {
      if (kind === 'began' && 'statement' in event) statements.push(event.statement);
    });
    const settings = { 'session.gc_probability': sweeps, 'session.gc_divisor': '1' };
    const clock = `data:text/javascript,const { now } = Date; Date.now = () => now() + ${ahead * 60_000};`;
    const page = await startPage(
      { settings },
      {
        condition,
        nodeOptions: ahead > 0 ? ['--import', clock] : [],
        environment: { DATABASE_URL: wire.url, ...passwords },
      },
    );
    return {
      request: async (path: string, cookie = '') => {
        const from = statements.length;
        const response = await visit(page.port, { path, cookie });
        return { ...response, statements: statements.slice(from) };
      },
      async close() {
        await page.stop();
        await wire.close();
      },
    };
  };
  const [a, b] = await Promise.all([serve('0', 0), serve('1', AHEAD)]);
  try {
    const { cookie, statements: signIn } = await a.request('/login?user=ann');
    const { statements: visit } = await b.request('/');
    const { body } = await a.request('/whoami', cookie);
    const save = signIn.findLast(({ sql }) => /^UPDATE/.test(sql));
    const sweep = visit.find(({ sql }) => /^DELETE/.test(sql));
    if (!save || !sweep) throw new Error('server A did not save, or server B did not sweep');
    const arrows: Arrow[] = [
      { from: A, to: TABLE, says: `UPDATE: ${minutes(save.values[1])}` },
      { from: B, to: TABLE, says: `DELETE: < ${minutes(sweep.values[0])}` },
      { from: A, to: TABLE, says: 'SELECT' },
      { from: TABLE, to: A, says: body.includes('ann') ? 'ann' : 'no session', isAnswer: true },
    ];
    return drawSequence({
      title: 'A server that is an hour ahead sweeps what another one has just saved',
      lanes: [A, TABLE, B],
      arrows,
    });
  } finally {
    await Promise.all([a.close(), b.close()]);
  }
}
