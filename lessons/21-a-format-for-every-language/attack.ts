import { type Attack, breached, held, signIn } from '#bench';

/** Another program of the shop, in any language: it reads JSON, and splits what is not JSON. */
function crawl(row: string): Record<string, unknown> {
  if (row.startsWith('{')) return (JSON.parse(row) as { data: Record<string, unknown> }).data;
  const words = row.split(/[|;]/);
  const session: Record<string, unknown> = {};
  for (let at = 0; at + 1 < words.length; at += 2) {
    session[`${words[at]}`] = words[at + 1]?.replace(/^[a-z]:(\d+:")?/, '').replace(/"$/, '');
  }
  return session;
}

/** Mallory has read on a page that the shop's night job looks for administrators in the sessions. */
export const attack: Attack = async ({ database, given, say }) => {
  const server = await given({ writes: 'json' }).serve();
  try {
    await signIn(server);
    const name = 'Mallory|role|s:5:"admin";';
    await server.request({ path: `/login?user=${encodeURIComponent(name)}` });
    say(`Ann signs in, and Mallory under the name ${name}`);
    const sessions = (await database.rows()).map(({ d }) => crawl(String(d)));
    const mallory = sessions.find(({ user }) => `${user}`.startsWith('Mallory'));
    say(`the night job reads: user = ${mallory?.['user']}, role = ${mallory?.['role'] ?? 'none'}`);
    return sessions.some(({ role }) => role !== undefined)
      ? breached('a visitor whose name has bars in it is an administrator to the next program')
      : held('a row is JSON: a name is a name to every parser there is');
  } finally {
    await server.close();
  }
};
