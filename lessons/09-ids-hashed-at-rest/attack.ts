import { type Attack, breached, held, signIn } from '#bench';

/** Mallory has seen the table: a backup, a replica, a support ticket with an export in it. */
export const attack: Attack = async ({ database, serve, say }) => {
  const server = await serve();
  try {
    const { cookie } = await server.request();
    const name = cookie.split('=')[0] ?? '';
    await signIn(server);
    say('Ann signs in; Mallory has found a dump of the table, which she may only read');

    for (const row of await database.rows()) {
      const id = row['id'];
      const bytes = Buffer.isBuffer(id) ? id : Buffer.from(String(id));
      for (const encoding of ['latin1', 'base64url', 'hex'] as const) {
        const guess = encodeURIComponent(bytes.toString(encoding));
        const { body } = await server.request({ path: '/whoami', cookie: `${name}=${guess}` });
        if (!body.includes('ann')) continue;
        say(`she copies a row's id into her cookie: ${body.trim()}`);
        return breached('a reader of the backup can be every visitor in it');
      }
    }
    say('she copies the id of every row into her cookie, as text, as base64url and as hex');
    return held('the table does not hold what the cookie holds');
  } finally {
    await server.close();
  }
};
