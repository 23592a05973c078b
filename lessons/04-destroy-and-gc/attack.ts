import { type Attack, breached, held } from '#bench';

/** Mallory copies Ann's cookie before Ann signs out, and sends it afterwards. */
export const attack: Attack = async ({ handler, newId, say }) => {
  await handler.open('', 'MySession');
  const id = await newId();
  await handler.write(id, 'user|s:3:"Ann";');
  if ((await handler.read(id)) === '') throw new Error('Read does not find what Write was given');
  say('Ann signs in; Mallory copies her cookie');

  const answer = await handler.destroy(id);
  say(`Ann signs out; Destroy answers ${answer}`);

  const data = await handler.read(id);
  say(`Mallory sends the copy; Read answers ${JSON.stringify(data)}`);
  return data === '' ? held('the session is gone') : breached('Mallory is signed in as Ann');
};
