/** No attack is held by accident: a page that fails for every visitor proves nothing. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { releaseServer } from '../../src/workshop/bench/assemble.ts';
import type { Attack } from '../../src/workshop/bench/attack.ts';
import type { Bench } from '../../src/workshop/bench/bench.ts';
import { lessons, withClass } from './classes.ts';

after(releaseServer);

const breaks = {
  'without its table': ['DROP TABLE sessions'],
  // A write goes into the table behind the view, which the view then hides.
  'that loses every session': [
    'RENAME TABLE sessions TO kept',
    'CREATE VIEW sessions AS SELECT * FROM kept WHERE 1 = 0',
  ],
};

/** These attacks look at connections, at an id without a session, at a cookie's attributes. */
const ASKS_NO_STORE = ['01', '02', '17'];

for (const [what, statements] of Object.entries(breaks)) {
  for (const { number, label, title, files } of lessons) {
    if (files.attack === undefined || ASKS_NO_STORE.includes(label)) continue;
    test(`attack ${label} (${title}) is not held by a store ${what}`, async () => {
      const { attack } = (await import(pathToFileURL(files.attack ?? '').href)) as {
        attack: Attack;
      };
      await withClass(number, async (bench) => {
        for (const sql of statements) await bench.database.query(sql);
        const cluster: Bench['cluster'] = async () => {
          const broken = await bench.cluster();
          for (const sql of statements) await broken.nodes[0].query(sql);
          return broken;
        };
        const said: string[] = [];
        const verdict = await attack({ ...bench, cluster, say: (line) => said.push(line) }).then(
          ({ verdict: word }) => word,
          (error: unknown) => `failed: ${String(error)}`,
        );
        assert.notEqual(verdict, 'held', said.join('\n'));
      });
    });
  }
}
