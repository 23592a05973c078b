/** Forged cookies, forms and seals that the lessons' own attacks do not try. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after } from 'node:test';
import { sealData } from 'iron-session';
import { releaseServer } from '../../src/workshop/bench/assemble.ts';
import { attack, nameIn, nobody, valueIn, whoami } from './classes.ts';

after(releaseServer);

attack(17, 'a name that only PHP reads as __Host- opens no session', async (_bench, page) => {
  const { cookie } = await page.request({ path: '/login?user=mallory' });
  const value = valueIn(cookie);
  const name = nameIn(cookie).slice('__Host-'.length);
  for (const prefix of [
    '..Host-',
    '_.Host-',
    '._Host-',
    '_[Host-',
    '.[Host-',
    ' _Host-',
    '_ Host-',
  ]) {
    const { body } = await whoami(page, `${prefix}${name}=${value}`);
    assert.match(body, nobody, `a subdomain may set ${prefix}${name}`);
  }
  for (const other of [
    nameIn(cookie).toLowerCase(),
    nameIn(cookie).toUpperCase(),
    `x${nameIn(cookie)}`,
  ]) {
    assert.match((await whoami(page, `${other}=${value}`)).body, nobody, other);
  }
  assert.match((await whoami(page, cookie)).body, /mallory/);
});

attack(15, 'no part of a cookie value reaches a response header', async (_bench, page) => {
  const { cookie: own } = await page.request();
  const name = nameIn(own);
  for (const value of [
    'a%0d%0aSet-Cookie:%20mallorys=1',
    '%0aLocation:%20https://mallorys.example',
    `${valueIn(own)}%0d%0aX-Mallorys:%201`,
    '%E5%98%8A%E5%98%8DX-Mallorys:%201',
  ]) {
    const { headers, setCookie } = await page.request({ cookie: `${name}=${value}` });
    assert.deepEqual(setCookie.map(nameIn), [name]);
    // A short word appears in a seal's random characters now and then.
    assert.doesNotMatch(JSON.stringify(headers), /mallorys/i);
  }
  const { status } = await page.request({ cookie: `${name}=${'x'.repeat(20_000)}` });
  assert.equal(status, 431, 'Node itself has had enough');
});

attack(17, 'a form from another site is refused, whatever its headers', async (_bench, page) => {
  const { cookie } = await page.request({ path: '/login?user=ann' });
  const { host } = new URL(page.url);
  const forged: Record<string, string>[] = [
    { 'Sec-Fetch-Site': 'cross-site, same-origin' },
    { 'Sec-Fetch-Site': 'SAME-ORIGIN-ish' },
    { 'Sec-Fetch-Site': '' },
    { Origin: `http://${host}@evil.example` },
    { Origin: `http://evil.example#${host}` },
    { Origin: `http://evil.example/${host}` },
    { Origin: `http://${host}:80` },
    { Origin: '' },
    { Origin: 'http://127.0.0.1' },
    { Origin: `http://evil.example, http://${host}` },
    { Origin: 'https://evil.example', Host: 'evil.example.shop.example' },
  ];
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
    for (const headers of forged) {
      const { status } = await page.request({ method, cookie, headers, path: '/logout' });
      assert.equal(status, 403, `${method} ${JSON.stringify(headers)}`);
    }
  }
  assert.match((await whoami(page, cookie)).body, /ann/);
});

const password = 'a password for these tests, long enough';

/** Runs the class of lesson 18 with known passwords. */
async function withPasswords(text: string, body: () => Promise<void>): Promise<void> {
  process.env['SESSION_PASSWORDS'] = text;
  try {
    await body();
  } finally {
    delete process.env['SESSION_PASSWORDS'];
  }
}

attack(18, 'parts of two seals make no valid seal', async ({ handler, newId, store }) => {
  const [ann, mallory] = [await newId(), await newId()];
  await store(ann, 'user|s:3:"Ann";');
  const [parts, own] = [ann.split('*'), mallory.split('*')];
  for (let place = 0; place < parts.length; place += 1) {
    if (parts[place] === own[place]) continue;
    for (const [base, other] of [
      [parts, own],
      [own, parts],
    ] as const) {
      const mixed = base.map((part, at) => (at === place ? (other[at] ?? '') : part)).join('*');
      assert.equal(await handler.read(mixed), '', `part ${place}`);
    }
  }
  for (const odd of [
    ann.slice(0, -1),
    `${ann}~2`,
    `${ann}*`,
    ann + ann,
    ann.replace('*1*', '*2*'),
  ]) {
    assert.equal(await handler.read(odd), '');
  }
  assert.equal(await handler.read(ann), 'user|s:3:"Ann";');
});

attack(
  18,
  'a seal of ours that holds no token of ours is refused',
  async ({ handler, statements }) => {
    await withPasswords(JSON.stringify({ 1: password }), async () => {
      const asked = statements().length;
      for (const data of [
        {},
        { token: '' },
        { token: 1 },
        { token: null },
        { token: ['x'] },
        { user: 'ann' },
        { token: 'x'.repeat(44) },
        { token: "' OR 1=1 -- ".padEnd(43) },
      ]) {
        const seal = await sealData(data, { password: { 1: password } });
        assert.equal(await handler.read(seal), '', JSON.stringify(data));
      }
      const foreign = { token: randomBytes(32).toString('base64url') };
      for (const wrong of [{ 1: 'another password, that is as long as that' }, { 2: password }]) {
        assert.equal(await handler.read(await sealData(foreign, { password: wrong })), '');
      }
      assert.equal(statements().length, asked, 'the database was asked');
    });
  },
);

attack(18, 'invalid passwords are refused without showing them', async ({ newId }) => {
  const wrong = [
    `{"1":${password}}`,
    `{"1":"${password}"`,
    password,
    ...['', '{}', '[]', 'null', '1', '{"1":"short"}', '{"1":null}', `{"one":"${password}"}`],
    ...[`{"0":"${password}"}`, `{"01":"${password}"}`, `{"1":["${password}"]}`],
  ];
  for (const text of wrong) {
    await withPasswords(text, async () => {
      await assert.rejects(newId(), (error: Error) => {
        assert.match(error.message, /^SESSION_PASSWORDS must be numbers with passwords of 32/);
        assert.doesNotMatch(error.message, /password for these/);
        return true;
      });
    });
  }
});
