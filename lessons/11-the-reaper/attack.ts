import { type Attack, breached, held } from '#bench';

/** Mallory has an old cookie of Ann's, and php.ini has a mistake. */
export const attack: Attack = async ({ clock, database, handler, newId, say }) => {
  clock.set(1_800_000_000);
  await handler.open('', 'MySession');
  const ann = await newId();
  await handler.write(ann, 'user|s:3:"Ann";');
  clock.advance(7 * 24 * 3600);
  const data = await handler.read(ann);
  say(
    `a week after Ann's last click, Mallory sends her cookie; Read answers ${JSON.stringify(data)}`,
  );

  await database.query('DELETE FROM sessions');
  for (let visitor = 1; visitor <= 3; visitor++) await handler.write(await newId(), 'count|i:1;');
  for (const life of ['0 OR 1=1', -10]) {
    const outcome = await handler.gc(life as number).catch((error: Error) => error.message);
    const left = (await database.rows()).length;
    say(`garbageCollect(${JSON.stringify(life)}) answers: ${outcome}; sessions left: ${left} of 3`);
  }
  const left = (await database.rows()).length;
  if (data !== '') return breached('a session that was over a week ago is still open');
  return left === 3
    ? held('an expired session is closed, and an invalid lifetime deletes nothing')
    : breached(`one wrong number signed ${3 - left} of 3 visitors out`);
};
