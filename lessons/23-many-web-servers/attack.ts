import { type Attack, breached, held, signIn } from '#bench';

/** An accident: the clock of one of two servers is set wrong. */
export const attack: Attack = async ({ clock, given, say }) => {
  const site = given({ clock: 'database' });
  const [a, b] = await Promise.all([
    site.serve(),
    site.serve({ settings: { 'session.gc_probability': '1', 'session.gc_divisor': '1' } }),
  ]);
  try {
    const { cookie } = await signIn(a);
    say('a site has two servers and one table; Ann signs in at server A');
    clock.advance(3600);
    await b.request();
    clock.advance(-3600);
    say('the clock of server B is an hour ahead: Bob opens one page there, and it sweeps');
    const { body } = await a.request({ path: '/whoami', cookie });
    say(`Ann opens her next page at A: ${body.trim()}`);
    return body.includes('ann')
      ? held('the age of a session is measured by one clock, that of the database')
      : breached('one wrong clock has signed out every visitor of the site');
  } finally {
    await Promise.all([a.close(), b.close()]);
  }
};
