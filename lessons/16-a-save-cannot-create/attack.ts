import { type Attack, breached, held, signIn } from '#bench';

/** Ann ends a stolen session while a page of it is at work. */
export const attack: Attack = async ({ database, gate, serve, say }) => {
  const server = await serve();
  try {
    const { cookie: stolen } = await signIn(server);
    const whoami = { cookie: stolen, path: '/whoami' };
    say('Mallory has stolen the cookie of Ann, and opens a page that takes a second');
    const saves = gate(1, /^\s*(INSERT|UPDATE)/i, { opens: 'by hand' });
    const page = server.request(whoami);
    await saves.arrived;

    await database.query('DELETE FROM sessions');
    say('Ann ends all her sessions: the table is empty');
    saves.open();
    const { status } = await page;
    say(`the page of Mallory is saved at its end: ${status === 200 ? 'yes' : 'no'}`);

    const { body } = await server.request(whoami);
    say(`Mallory sends the cookie once more: ${body.trim()}`);
    return body.includes('ann')
      ? breached('a session that was ended has been created again by its own last save')
      : held('a save changes a session that is there, and creates none');
  } finally {
    await server.close();
  }
};
