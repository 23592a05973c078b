import { type Attack, breached, held } from '#bench';

/** Two ordinary visitors whose requests overlap for a moment. Neither is an attacker. */
export const attack: Attack = async ({ handler, newId, say }) => {
  await handler.open('', 'MySession');
  const bob = await newId();
  await handler.write(bob, 'cart|i:3;');
  await handler.close();

  await handler.open('', 'MySession');
  await handler.open('', 'MySession');
  say('a page for Ann and a page for Bob have begun; both have called Open');
  await handler.close();
  say("Ann's page is done and calls Close");
  try {
    const data = await handler.read(bob);
    say(`Bob's page reads its session: ${JSON.stringify(data)}`);
    await handler.write(bob, 'cart|i:4;');
    say(`Bob's page puts a fourth thing into the cart: ${JSON.stringify(await handler.read(bob))}`);
    await handler.close();
    return held("Ann's end was not Bob's");
  } catch (error) {
    say(`Bob's page reads its session, which throws ${String(error)}`);
    return breached('the first request to finish ends the others in the middle of their work');
  }
};
