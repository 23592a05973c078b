/** Attacks over HTTP that the lessons' own attacks do not try. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after } from 'node:test';
import { releaseServer } from '../../src/workshop/bench/assemble.ts';
import type { Bench } from '../../src/workshop/bench/bench.ts';
import { HANG } from '../hang.ts';
import { until } from '../workshop/machine/place.ts';
import { attack, idIn, nameIn, nobody, valueIn, whoami } from './classes.ts';

after(releaseServer);

const saving = /^\s*(INSERT|UPDATE)/i;

/** Waits until a request of this class waits for a lock. */
async function someoneWaits({ database }: Bench): Promise<void> {
  await until(async () => {
    const rows = await database.query(
      `SELECT ID FROM information_schema.PROCESSLIST
       WHERE DB = DATABASE() AND ID <> CONNECTION_ID() AND STATE = 'User lock'`,
    );
    return rows.length > 0;
  });
}

attack(15, 'a planted id opens no session after Ann has signed in', async (_bench, page) => {
  const { cookie: mallory } = await page.request();
  const [name, value] = [nameIn(mallory), valueIn(mallory)];
  const madeUp = randomBytes(32).toString('base64url');
  const roads = [
    { cookie: mallory },
    { cookie: `${name}=${madeUp}` },
    { cookie: `${name}=${madeUp}; ${mallory}` },
    { cookie: `${mallory}; ${name}=${madeUp}` },
    { cookie: `${mallory}; ${mallory}` },
    { cookie: `$Version=1; ${mallory}; $Path="/login"` },
    { cookie: `${name}[]=${value}` },
    { cookie: `${name}[0]=${value}; ${mallory}` },
    { cookie: `${name}="${value}"` },
    { query: `&${name}=${value}` },
    { query: `&${name}=${value}&PHPSESSID=${value}`, cookie: `PHPSESSID=${value}` },
  ];
  for (const { cookie = '', query = '' } of roads) {
    const login = await page.request({ path: `/login?user=ann${query}`, cookie });
    assert.equal(login.setCookie.length, 1, `${cookie} ${query}`);
    assert.notEqual(valueIn(login.setCookie[0] ?? ''), value);
    for (const sent of [mallory, `${name}=${madeUp}`]) {
      assert.match((await whoami(page, sent)).body, nobody, `${cookie} ${query}`);
    }
  }
});

attack(15, 'an ended session stays ended, however it ended', async ({ clock, handler }, page) => {
  clock.set(1_800_000_000);
  const { cookie: visit } = await page.request();
  const { cookie: ann } = await page.request({ cookie: visit, path: '/login?user=ann' });
  const { cookie: bob } = await page.request({ path: '/login?user=bob' });
  await page.request({ cookie: ann, path: '/logout' });
  clock.advance(1441);
  for (const [what, cookie] of Object.entries({ renewed: visit, left: ann, expired: bob })) {
    for (let replay = 1; replay <= 2; replay += 1) {
      const answer = await whoami(page, cookie);
      assert.match(answer.body, nobody, what);
      assert.equal(answer.setCookie.length, 1, `${what} came back`);
    }
    assert.equal(await handler.read(idIn(cookie)), '');
  }
});

for (const path of ['/login?user=ann', '/logout']) {
  attack(
    15,
    `a request that waits while ${path} is at work does not revive the id`,
    async (bench, page) => {
      const { cookie } = await page.request();
      const ending = bench.gate(1, /^DELETE/, { opens: 'by hand', patience: HANG });
      const first = page.request({ cookie, path });
      await ending.arrived;
      const late = [page.request({ cookie }), page.request({ cookie, path: '/login?user=eve' })];
      await someoneWaits(bench);
      ending.open();
      await first;
      const [, login] = await Promise.all(late);
      assert.equal(login?.setCookie.length, 1, 'who signs in gets an id');
      assert.equal(await bench.handler.read(idIn(cookie)), '', 'the old id has an empty row');
      assert.match((await whoami(page, cookie)).body, nobody);
    },
  );
}

attack(
  15,
  'two sign-ins with one cookie end in two sessions and no third',
  async ({ database }, page) => {
    const { cookie } = await page.request();
    const users = ['ann', 'eve'];
    const logins = await Promise.all(
      users.map((user) => page.request({ cookie, path: `/login?user=${user}` })),
    );
    assert.equal(new Set(logins.map((login) => login.cookie)).size, 2);
    for (const [index, login] of logins.entries()) {
      assert.match((await whoami(page, login.cookie)).body, new RegExp(users[index] ?? ''));
    }
    assert.match((await whoami(page, cookie)).body, nobody);
    assert.equal(
      (await database.rows()).length,
      3,
      'one each, and one for the question just asked',
    );
  },
);

attack(14, 'many requests of one visitor delay no other visitor', async ({ gate }, page) => {
  const { cookie } = await page.request();
  const held = gate(1, saving, { opens: 'by hand', patience: HANG });
  const crowd = Array.from({ length: 40 }, () => page.request({ cookie }));
  await held.arrived;
  assert.match((await page.request()).body, /Count: 1/);
  held.open();
  const counts = (await Promise.all(crowd)).map(({ body }) => Number(/\d+/.exec(body)?.[0]));
  assert.deepEqual(
    counts.sort((one, other) => one - other),
    counts.map((_, index) => index + 2),
  );
});

attack(
  13,
  'a save that the database refuses leaves no lock and no word of the id',
  async (bench, page) => {
    const { cookie } = await page.request();
    await bench.database.query('ALTER TABLE sessions MODIFY d varbinary(60)');
    const warnings: string[] = [];
    const listen = (warning: Error): void => {
      warnings.push(`${warning.name} ${warning.stack} ${warning.message}`);
    };
    process.on('warning', listen);
    // More often than the pool has connections.
    for (let round = 1; round <= 12; round += 1) {
      const path = `/login?user=${'x'.repeat(100)}`;
      const { status, body } = await page.request({ cookie, path });
      assert.equal(status, 500);
      assert.doesNotMatch(body, /x{100}/);
    }
    assert.equal((await page.request({ cookie })).status, 200);
    process.off('warning', listen);
    assert.ok(!warnings.some((text) => text.includes(idIn(cookie))));
  },
);

attack(
  13,
  'each session has its own lock name, short enough and without the id in it',
  async ({ statements }, page) => {
    const visits = await Promise.all(Array.from({ length: 4 }, () => page.request()));
    await Promise.all(visits.map(({ cookie }) => page.request({ cookie })));
    const names = statements()
      .filter(({ sql }) => sql.includes('GET_LOCK'))
      .map(({ values }) => String(values[0]));
    assert.equal(new Set(names.map((name) => name.toLowerCase())).size, 4);
    for (const name of names) {
      assert.ok(name.length <= 64, name);
      assert.ok(!visits.some(({ cookie }) => name.includes(idIn(cookie))));
    }
  },
);

attack(
  13,
  'a session that expires while its request is at work is saved, until a save cannot create',
  async ({ clock, gate, handler }, page, number) => {
    clock.set(1_800_000_000);
    const { cookie } = await page.request({ path: '/login?user=ann' });
    // The class of lesson 15 selects the row for validateId, and again for Read.
    if (number === 15) gate(1, /^SELECT \*/);
    const held = gate(1, /^SELECT \*/, { opens: 'by hand', holds: 'answer', patience: HANG });
    const visit = page.request({ cookie });
    await held.arrived;
    clock.advance(1441);
    await handler.gc(1440);
    held.open();
    await visit;
    // From lesson 16 on a save creates no session: one that was collected is over.
    assert.match((await whoami(page, cookie)).body, number < 16 ? /ann/ : nobody);
  },
);

attack(
  15,
  'responses to an unknown, an ended and an invalid id do not differ',
  async (_bench, page) => {
    const { cookie } = await page.request();
    await page.request({ cookie, path: '/logout' });
    const name = nameIn(cookie);
    const ids = [valueIn(cookie), randomBytes(32).toString('base64url'), 'x', '0', '%00'];
    const answers = await Promise.all(ids.map((id) => whoami(page, `${name}=${id}`)));
    const shapes = answers.map(({ status, body, headers, setCookie }) => {
      const kept = Object.keys(headers).join();
      return `${status} ${body} ${kept} ${setCookie.map((line) => line.split(';').length)}`;
    });
    assert.equal(new Set(shapes).size, 1, shapes.join('\n'));
  },
);
