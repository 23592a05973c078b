import { type Attack, breached, held, signIn } from '#bench';

/** Mallory has no session. She writes a value into the cookie that is nearly an id. */
export const attack: Attack = async ({ serve, say }) => {
  const server = await serve();
  try {
    const { cookie } = await signIn(server);
    say('Ann signs in and gets her cookie');
    for (const ending of ['abc', '.0', '%20%20', "'%20OR%20'1'='1"]) {
      const { body } = await server.request({ path: '/whoami', cookie: cookie + ending });
      say(`Mallory sends the same with ${ending} behind it: ${body.trim()}`);
      if (body.includes('ann')) {
        return breached(
          'many cookies open one session, so a check for one of them protects nothing',
        );
      }
    }
    return held('only the id itself opens the session');
  } finally {
    await server.close();
  }
};
