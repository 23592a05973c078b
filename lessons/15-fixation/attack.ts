import { randomBytes } from 'node:crypto';
import { type Attack, breached, held, signIn } from '#bench';

/** Mallory puts a cookie into Ann's browser, before Ann signs in: by a link, a shared computer. */
export const attack: Attack = async ({ serve, say }) => {
  const server = await serve();
  try {
    const { cookie: own } = await server.request();
    const name = own.split('=')[0];
    const planted = [
      { cookie: `${name}=${randomBytes(32).toString('base64url')}`, what: 'an id she made up' },
      { cookie: own, what: 'the id of her own, real session' },
    ];
    for (const { cookie, what } of planted) {
      say(`Mallory plants ${what}, and waits`);
      const login = await signIn(server, { cookie });
      say(
        `Ann signs in; the server ${login.setCookie.length > 0 ? 'gives her another id' : 'keeps the id'}`,
      );
      const { body } = await server.request({ cookie, path: '/whoami' });
      say(`Mallory sends the planted one: ${body.trim()}`);
      if (body.includes('ann')) return breached('Ann has signed Mallory in');
    }
    return held('what Mallory knew was worth nothing as soon as Ann had signed in');
  } finally {
    await server.close();
  }
};
