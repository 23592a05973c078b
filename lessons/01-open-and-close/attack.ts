import { type Attack, breached, held } from '#bench';

/** Serves twenty ordinary pages, and counts the connections that are still open. */
export const attack: Attack = async ({ handler, database, say }) => {
  const before = await database.connections();
  for (let page = 1; page <= 20; page++) {
    await handler.open('', 'MySession');
    await handler.close();
  }
  say('20 pages were served, one after the other; each opened the session and closed it');

  const left = (await database.connections()) - before;
  say(`connections still open at the database: ${left}`);
  return left > 0
    ? breached(`${left} connections leaked by ${left} pages; no code is left to close them`)
    : held('every page gave its connection back');
};
