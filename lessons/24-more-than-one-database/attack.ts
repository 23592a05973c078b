import { createPool } from 'mysql2/promise';
import { type Attack, breached, held } from '#bench';

/** The object of one request. */
interface Request {
  open(path: string, name: string): unknown;
  close(): Promise<boolean>;
  read(id: string): Promise<string | Uint8Array>;
  write(id: string, data: string): Promise<boolean>;
  create_sid(): Promise<string>;
}

/** An accident: three parts of a page load at once, each from a server with its own database node. */
export const attack: Attack = async ({ cluster, exported, given, say }) => {
  given({}); // A static class has no parts that could differ

  const { nodes } = await cluster();
  const pools = nodes.map(({ url }) => createPool(url));
  /** A request on one of three servers; the other two nodes are in reserve. */
  const requestOn = (own: number): Request => {
    const reserve = pools.filter((_, at) => at !== own);
    const means = { pool: pools[own], reserve };
    const request = new (exported as new (parts: object) => Request)(means);
    request.open('', 'MySession');
    return request;
  };
  try {
    const first = requestOn(0);
    const id = await first.create_sid();
    await first.write(id, 'user|s:3:"ann";');
    await first.close();
    // The answer of a commit says nothing of the other nodes: these reads wait for it there.
    for (const node of nodes) await node.query('SELECT id FROM sessions');
    say('Ann is signed in. Her page has three parts, which load at once from three servers');

    const parts = [requestOn(0), requestOn(1), requestOn(2)];
    for (const [at, part] of parts.entries()) {
      const user = Buffer.from(await part.read(id)).toString();
      say(`server ${at + 1} opens her session on database node ${at + 1}: ${user}`);
    }
    let failed = 0;
    for (const [at, part] of parts.entries()) {
      const saved = await part.write(id, `user|s:3:"ann";part${at + 1}|i:1;`).catch(() => false);
      say(`server ${at + 1} saves what its part remembers: ${saved ? 'saved' : 'an error'}`);
      if (!saved) failed += 1;
      await part.close();
    }
    const data = Buffer.from(await requestOn(0).read(id)).toString();
    say(`her session now: ${data}`);
    const lost = [1, 2, 3].filter((part) => !data.includes(`part${part}|`)).length;
    return lost + failed === 0
      ? held('each save was added to what the other nodes had saved')
      : breached(`three requests had the lock, and ${lost} of three parts are not remembered`);
  } finally {
    await Promise.all(pools.map((pool) => pool.end().catch(() => {})));
  }
};
