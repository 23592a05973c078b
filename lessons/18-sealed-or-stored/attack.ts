import { createHash, randomBytes } from 'node:crypto';
import { type Attack, breached, held, signIn } from '#bench';

/** Mallory has found a form that lets her insert one row into any table. */
export const attack: Attack = async ({ clock, database, serve, say }) => {
  const server = await serve();
  try {
    const { cookie: ann } = await signIn(server);
    const name = ann.split('=')[0];
    const token = randomBytes(32).toString('base64url');
    const key = createHash('sha256').update(token).digest();
    await database.query('INSERT INTO sessions (id, d, updated) VALUES (?,?,?)', [
      key,
      'user|s:5:"admin";',
      clock.now(),
    ]);
    say('Mallory draws 32 bytes and inserts a row under their hash: user = admin');
    const { body } = await server.request({ path: '/whoami', cookie: `${name}=${token}` });
    say(`she sends the 32 bytes as her cookie: ${body.trim()}`);
    return body.includes('admin')
      ? breached('a visitor who can insert a row can be any user; a hash needs no secret')
      : held(
          'a row is not enough: the cookie needs a seal, and its password is not in the database',
        );
  } finally {
    await server.close();
  }
};
