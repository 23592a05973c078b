import { type Attack, breached, held } from '#bench';

/** One visitor reloads forty times while a page of theirs is at work. */
export const attack: Attack = async ({ gate, serve, say, silence }) => {
  const server = await serve();
  try {
    const { cookie } = await server.request();
    const saves = gate(1, /^\s*(INSERT|UPDATE)/i, { opens: 'by hand' });
    const first = server.request({ cookie });
    await saves.reached(first);
    say("one page of Mallory's is slow, and she reloads it forty times");
    const reloads = Array.from({ length: 40 }, () => server.request({ cookie }));

    say('Ann visits the shop for the first time');
    let isServed = false;
    const ann = server.request().then(({ status }) => {
      isServed = status === 200;
    });
    // Mallory's page ends after two seconds of waiting, and with it everything that waits for it.
    void silence(2000).then(() => saves.open());
    await Promise.race([ann, first]);
    say(isServed ? 'Ann is served at once' : "Ann is served when Mallory's page is over");
    const verdict = isServed
      ? held('a crowd of one visitor waits in the process, with two connections for all of it')
      : breached('forty requests of one visitor wait on all connections, and no other is served');
    saves.open();
    const [{ body }] = await Promise.all([first, ann, ...reloads]);
    if (!body.includes('Count: 2')) throw new Error(`The page does not count: ${body.trim()}`);
    return verdict;
  } finally {
    await server.close();
  }
};
