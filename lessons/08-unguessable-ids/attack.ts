import { type Attack, breached, held, signIn } from '#bench';

const microseconds = (id: string): number =>
  Number.parseInt(id.slice(0, 8), 16) * 1_000_000 + Number.parseInt(id.slice(8), 16);

const uniqid = (time: number): string =>
  Math.floor(time / 1_000_000)
    .toString(16)
    .padStart(8, '0') + (time % 1_000_000).toString(16).padStart(5, '0');

/** Mallory takes a session before Ann signs in and another one after, and looks in between. */
export const attack: Attack = async ({ handler, serve, say }) => {
  const server = await serve();
  try {
    const [name = '', before = ''] = (await server.request()).cookie.split('=');
    await signIn(server);
    const after = (await server.request()).cookie.split('=')[1] ?? '';
    say('Mallory visits the page, Ann signs in, Mallory visits the page again with no cookie');

    if (/^[0-9]+$/.test(before)) {
      const between = String(Number(before) + 1);
      say(`Mallory was given ${before} and ${after}; she types ${between}`);
      const { body } = await server.request({ path: '/whoami', cookie: `${name}=${between}` });
      return body.includes('ann')
        ? breached('a visitor who can count is Ann')
        : held('the guess opens no session');
    }
    if (/^[0-9a-f]{13}$/.test(before)) {
      say('Mallory was given two times in microseconds; she tries every one that lies between');
      await handler.open('', 'MySession');
      for (let time = microseconds(before); time <= microseconds(after); time++) {
        const data = await handler.read(uniqid(time));
        if (data.includes('ann')) return breached('a time is not a secret: one of them was Ann');
      }
    }
    const same = [...before].filter((letter, place) => letter === after[place]).length;
    const share = same / Math.max(before.length, after.length);
    say('her two ids have nothing in common that could be counted');
    return share < 1 / 3
      ? held('an id between the two would have to be guessed whole')
      : breached('most of the id is known beforehand');
  } finally {
    await server.close();
  }
};
