import { type Attack, breached, held } from '#bench';

/** A busy visitor, a picture in a session, and the nineteenth of January 2038. */
export const attack: Attack = async ({ clock, handler, newId, say }) => {
  await handler.open('', 'MySession');
  let lost = 0;
  let changed = 0;
  const save = async (what: string, data: string | Uint8Array): Promise<void> => {
    const id = await newId();
    const kept = await handler.write(id, data).catch((error: { code?: string }) => error.code);
    say(`${what}: Write answers ${kept}`);
    if (kept !== true) lost += 1;
    else if (!Buffer.from(data).equals(await handler.readBytes(id))) changed += 1;
  };
  await save('a cart of 70,000 bytes', `cart|s:69983:"${'x'.repeat(69_983)}";`);
  await save('two bytes of a JPEG, ff d8', Uint8Array.of(0xff, 0xd8));
  clock.set(Date.UTC(2038, 0, 19, 3, 14, 8) / 1000);
  await save('an empty cart, on 19 January 2038 at 03:14:08', 'cart|i:0;');
  if (changed > 0) return breached(`${changed} of 3 visitors find changed data`);
  return lost > 0
    ? breached(`${lost} of 3 visitors lost what they had, to an error of the driver`)
    : held('all of it was saved');
};
