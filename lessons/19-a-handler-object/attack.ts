import { createPool } from 'mysql2/promise';
import { type Attack, breached, held, signIn } from '#bench';

/** An accident: a second application in the process sets its database in the only way there is. */
export const attack: Attack = async ({ exported, secondDatabase, serve, say }) => {
  const shop = await serve();
  const forum = await secondDatabase();
  const pool = createPool(forum.url);
  try {
    const { cookie } = await signIn(shop);
    say('Ann signs in at the shop');
    Object.assign(exported, { Db: pool });
    say('the forum, in the same process, has a database of its own: Sessions.Db = forum');
    const { body } = await shop.request({ path: '/whoami', cookie });
    say(`Ann opens her next page at the shop: ${body.trim()}`);
    await shop.request({ path: '/login?user=ann' });
    const rows = (await forum.rows()).map(({ d }) => String(d)).filter((data) => data !== '');
    say(`Ann signs in again. The sessions in the forum’s database: ${rows.join(' ') || 'none'}`);
    return body.includes('ann') && rows.length === 0
      ? held('a handler has its database from its constructor, and no one can exchange it')
      : breached('one assignment has moved every visitor of the shop to another database');
  } finally {
    await shop.close();
    await pool.end();
  }
};
