import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openBench } from '#bench';

const { database, gate, given, overhear, serve } = await openBench();
let lines: string[] = [];
const [page, unwatched] = await Promise.all([
  given({ audit: (line) => lines.push(line) }).serve(),
  serve(),
]);
after(() => Promise.all([page.close(), unwatched.close()]));

const idIn = (cookie: string): string => decodeURIComponent(cookie.split('=')[1] ?? '');

/** The lines that a request has written. */
async function written(request: () => Promise<unknown>): Promise<string[]> {
  lines = [];
  await request();
  return lines;
}

test('a sign-out writes one line, and the session has ended', async () => {
  const { cookie } = await page.request({ path: '/login?user=ann' });
  const out = await written(() => page.request({ path: '/logout', cookie }));
  assert.equal(out.length, 1, `lines: ${out.join(' | ')}`);
  assert.match((await page.request({ path: '/whoami', cookie })).body, /Nobody/);
});

test('a sign-in writes one line, for the id that it ends', async () => {
  const { cookie } = await page.request();
  const signIn = await written(() => page.request({ path: '/login?user=ann', cookie }));
  assert.equal(signIn.length, 1, `lines: ${signIn.join(' | ')}`);
});

test('a line contains neither the id nor the data', async () => {
  const { cookie } = await page.request({ path: '/login?user=zebedee' });
  const [line = ''] = await written(() => page.request({ path: '/logout', cookie }));
  assert.notEqual(line, '', 'no line was written');
  assert.ok(!line.includes(idIn(cookie)), `the id is in: ${line}`);
  assert.ok(!line.includes('zebedee'), `the data is in: ${line}`);
});

test('a destroy that fails writes no line', async () => {
  const { cookie } = await page.request({ path: '/login?user=ann' });
  const ends = gate(1, /^\s*DELETE/i, { opens: 'by hand' });
  const failing = await written(async () => {
    const logout = page.request({ path: '/logout', cookie });
    await ends.arrived;
    // The test renames the table, so that the statement fails.
    await database.withoutTable(async () => {
      ends.open();
      await logout;
    });
  });
  assert.deepEqual(failing, [], 'the test took the table away, and the session has not ended');
  assert.match((await page.request({ path: '/whoami', cookie })).body, /ann/);
});

test('every other method is as before', async () => {
  const { cookie } = await page.request();
  assert.match((await page.request({ cookie })).body, /Count: 2\b/);
  const planted = `${cookie.split('=')[0]}=planted`;
  assert.equal((await page.request({ cookie: planted })).setCookie.length, 1, 'an unknown id');
});

test('without audit nothing is written', async () => {
  const { cookie } = await unwatched.request();
  lines = [];
  const printed = await overhear(() => unwatched.request({ path: '/logout', cookie }));
  assert.deepEqual([...lines, printed], ['']);
});
