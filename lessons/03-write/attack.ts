import { type Attack, breached, held, NotPorted } from '#bench';

/** A visitor fills a cart, twice, and checks what the server kept. */
export const attack: Attack = async ({ handler, newId, say }) => {
  await handler.open('', 'MySession');
  const id = await newId();
  for (const items of [1, 2]) {
    say(`the visitor puts item ${items} into the cart, and the page ends`);
    try {
      await handler.write(id, `items|i:${items};`);
    } catch (error) {
      if (error instanceof NotPorted) throw error;
      const { errno, message } = error as { errno?: number; message?: string };
      say(`the database answers ${errno}: ${message?.slice(0, 75)}…`);
      return breached('nothing a new visitor stores is ever saved');
    }
  }
  const kept = await handler.read(id);
  say(`the next page reads ${JSON.stringify(kept)}`);
  return kept === 'items|i:2;'
    ? held('the last write is there')
    : breached('the session was saved once and never again, without an error');
};
