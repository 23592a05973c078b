import { type Attack, breached, held } from '#bench';

/** One visitor, one session, eight requests at the same time: a page with eight buttons. */
export const attack: Attack = async ({ gate, serve, say }) => {
  const server = await serve();
  try {
    const { cookie, body: first } = await server.request();
    if (!first.includes('Count: 1')) throw new Error(`The page does not count: ${first.trim()}`);
    say('a visitor has put 1 thing into the cart, and now clicks eight times, very fast');
    const race = gate(8, /^\s*(INSERT|UPDATE)/i, { patience: 500 });
    const clicks = Array.from({ length: 8 }, () => server.request({ cookie }));
    const answers = await Promise.all(clicks);
    race.open();
    const errors = answers.filter(({ status }) => status !== 200).length;
    say(`${8 - errors} of 8 pages say that it was done`);

    const { body } = await server.request({ cookie });
    const count = Number(/Count: (\d+)/.exec(body)?.[1]) - 1;
    say(`in the cart are ${count} things`);
    return count === 9
      ? held('each request began with what the one before had saved')
      : breached(`${9 - count} of 8 clicks are lost, and no page has said so`);
  } finally {
    await server.close();
  }
};
