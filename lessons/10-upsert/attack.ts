import { type Attack, breached, held } from '#bench';

/** A visitor clicks twice on the first page, fifty times. The gate makes both clicks meet. */
export const attack: Attack = async ({ gate, handler, newId, say }) => {
  await handler.open('', 'MySession');
  let broken = 0;
  let complaint = '';
  for (let round = 1; round <= 50; round++) {
    const id = await newId();
    const race = gate(2, /^\s*(SELECT|INSERT)/i, { holds: 'answer', patience: 500 });
    const clicks = [handler.write(id, 'count|i:1;'), handler.write(id, 'count|i:1;')];
    const failed = (await Promise.allSettled(clicks)).find(({ status }) => status === 'rejected');
    race.open();
    if (failed?.status !== 'rejected') {
      if ((await handler.read(id)) === '')
        throw new Error('both clicks are saved, and Read finds nothing');
      continue;
    }
    broken += 1;
    complaint = String((failed.reason as { code?: string }).code ?? failed.reason);
  }
  say(
    '50 new visitors double-click: each session is saved for the first time by two pages at once',
  );
  say(`saved twice without an error: ${50 - broken} of 50`);
  if (broken === 0) return held('the second request changes the row that the first has made');
  say(`the others: ${complaint}`);
  return breached(`${broken} of 50 first visits ended with an error page`);
};
