/** Records which of two keys opens a session, and draws the two questions. */
import { createHash, randomBytes } from 'node:crypto';
import { createConnection } from 'mysql2/promise';
import { block, type Yield } from './page.ts';
import { type Recorded, withRecordedPage } from './record-page.ts';

/** GitHub shrinks a drawing to the width of a phone; these settings keep its text legible there. */
const NARROW = { flowchart: { nodeSpacing: 20, rankSpacing: 30, padding: 8 } };

/**
 * Draws the seal and the row as two keys: a page for a visitor who has both, and for visitors who
 * have one of them.
 */
export async function drawTwoKeys(recorded: Recorded): Promise<Yield> {
  const bodies = await withRecordedPage(recorded, async ({ request }) => {
    const { cookie } = await request({ path: '/login?user=ann' });
    const whoami = async (sent: string): Promise<string> => {
      const { body } = await request({ path: '/whoami', cookie: sent });
      return body.replace(/<[^>]+>/g, '').trim();
    };
    const both = await whoami(cookie);
    const database = await createConnection({ uri: recorded.databaseUrl });
    try {
      // As in the attack: the row under the hash of a token that has no seal.
      const token = randomBytes(32).toString('base64url');
      const key = createHash('sha256').update(token).digest();
      await database.execute('UPDATE sessions SET id=?', [key]);
      const row = await whoami(`${cookie.split('=')[0]}=${token}`);
      return { both, row, seal: await whoami(cookie) };
    } finally {
      await database.end();
    }
  });
  const description = [
    `With a seal of ours and the row: ${bodies.both}.`,
    `Without our seal, even if the row is there: ${bodies.row}.`,
    `With the seal, once the row is gone: ${bodies.seal}.`,
  ];
  return block(
    [
      '```mermaid',
      `%%{init: ${JSON.stringify(NARROW)}}%%`,
      'flowchart TD',
      '  accTitle: A session opens with two keys',
      `  accDescr: ${description.join(' ')}`,
      '  C[a cookie] --> S{our seal?}',
      '  S -->|yes| R{its row?}',
      `  S -->|no| N[${broken(bodies.row)}]`,
      `  R -->|no| G[${broken(bodies.seal)}]`,
      `  R -->|yes| Y[${broken(bodies.both)}]`,
      '```',
    ].join('\n'),
  );
}

/** Two lines, so that three boxes beside each other fit a phone. */
function broken(sentence: string): string {
  return sentence.replace(/ (?=signed|as)/, '<br/>');
}
