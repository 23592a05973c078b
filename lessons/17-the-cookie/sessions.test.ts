import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { openBench } from '#bench';

const { serve } = await openBench();
const server = await serve();
after(() => server.close());

/** Parses a Set-Cookie line as a browser does: attributes in lower case, in any order. */
function takeApart(line: string): { name: string; attributes: string[] } {
  const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
  const name = pair.split('=')[0] ?? '';
  return { name, attributes: attributes.map((each) => each.toLowerCase()) };
}

/** Posts as HTTP/1.0 does, where a request may have no header `Host`. */
async function postWithoutHost(origin: string): Promise<number> {
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  socket.write(`POST / HTTP/1.0\r\nOrigin: ${origin}\r\nContent-Length: 0\r\n\r\n`);
  return Number((await text(socket)).split(' ')[1]);
}

test('the cookie is for this host, for encrypted connections, and not for scripts', async () => {
  const visit = await server.request();
  const login = await server.request({ cookie: visit.cookie, path: '/login?user=ann' });
  for (const { setCookie } of [visit, login]) {
    assert.equal(setCookie.length, 1);
    const { name, attributes } = takeApart(setCookie[0] ?? '');
    assert.match(name, /^__Host-/, 'a subdomain could set this cookie, too');
    for (const wanted of ['secure', 'httponly', 'samesite=lax', 'path=/', 'max-age=1209600']) {
      assert.ok(attributes.includes(wanted), `${wanted} is missing: ${setCookie[0]}`);
    }
    assert.ok(!attributes.some((each) => each.startsWith('domain')), 'it names a domain');
  }
});

test("a form from another site's page is refused", async () => {
  const { cookie } = await server.request();
  const host = new URL(server.url).host;
  const post = async (headers: Record<string, string>): Promise<number> =>
    (await server.request({ method: 'POST', cookie, headers })).status;
  const foreign: Record<string, string>[] = [
    { 'Sec-Fetch-Site': 'cross-site' },
    { 'Sec-Fetch-Site': 'same-site' },
    { 'Sec-Fetch-Site': 'cross-site', Origin: `http://${host}` },
    { Host: 'shop.example', 'Sec-Fetch-Site': 'same-site', Origin: 'https://shop.example' },
    { Origin: 'https://evil.example' },
    { Origin: `http://${host}.evil.example` },
    { Origin: `http://evil-${host}` },
    { Origin: `http://${host.replace(/:.*/, ':1')}` },
    { Origin: 'null' },
    // The same on a site that is not on the loopback, so its pages are https.
    { Host: 'shop.example', Origin: 'http://shop.example' },
    { Host: 'shop.example', Origin: 'https://blog.shop.example' },
    { Host: 'shop.example', Origin: 'https://shop.example:8443' },
    { Host: 'shop.example', Origin: 'https://shop-example' },
    { Host: 'shop.example', Origin: 'https://evil.example https://shop.example' },
    { Host: 'localhost.example', Origin: 'http://localhost.example' },
    { Host: 'notlocalhost', Origin: 'http://notlocalhost' },
    { Host: '127.0.0.1.example', Origin: 'http://127.0.0.1.example' },
    { Host: '127-0-0-1', Origin: 'http://127-0-0-1' },
    { Host: 'shop.example', Origin: 'http://localhost' },
    // A private address is no loopback: others on the network can be the host.
    { Host: '192.168.0.10:8080', Origin: 'http://192.168.0.10:8080' },
    { Host: '[fd00::1]:8080', Origin: 'http://[fd00::1]:8080' },
    { Host: 'shop.local', Origin: 'http://shop.local' },
    { Host: 'shop.test', Origin: 'http://shop.test' },
    { Host: 'localhost:8080', Origin: 'http://127.0.0.1:8080' },
    { 'Sec-Fetch-Site': 'unknown' },
    { 'Sec-Fetch-Site': '' },
    { 'Sec-Fetch-Site': 'same-origin, cross-site' },
    { Origin: '' },
    // Headers that say what is sent, and not from where.
    { Origin: 'https://evil.example', 'Content-Type': 'application/json' },
    { Origin: 'https://evil.example', 'X-Requested-With': 'XMLHttpRequest' },
    { Origin: 'https://evil.example', 'X-HTTP-Method-Override': 'GET' },
    { Origin: 'https://evil.example', 'X-Forwarded-Host': 'evil.example' },
    { Host: 'shop.example', Origin: 'http://shop.example', 'X-Forwarded-Proto': 'http' },
    { Origin: 'https://evil.example', 'X-Original-Host': 'evil.example' },
    { Origin: 'https://evil.example', Forwarded: 'host=evil.example' },
    { Origin: 'https://evil.example', Authorization: 'Basic YW5uOnNlY3JldA==' },
    { Origin: 'https://evil.example', Authorization: 'Bearer secret' },
    { Origin: 'https://evil.example', Accept: 'application/json' },
    { Origin: 'https://evil.example', 'User-Agent': 'curl/8.0' },
    { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'cors', 'Sec-Fetch-Dest': 'empty' },
    { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'no-cors', 'Sec-Fetch-Dest': 'image' },
    { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-User': '?1' },
    { Origin: 'null', Referer: `http://${host}.evil.example/` },
    { Host: 'shop.example', Origin: 'null', Referer: 'https://shop.example.evil.example/' },
    { Host: 'shop.example', Origin: 'null', Referer: 'https://shop.example/' },
  ];
  for (const headers of foreign) {
    assert.equal(await post(headers), 403, `not refused: ${JSON.stringify(headers)}`);
  }
  // Without a cookie it could still sign the visitor in, as a user of Mallory's choice.
  const evil = { Origin: 'https://evil.example' };
  const login = await server.request({
    method: 'POST',
    path: '/login?user=mallory',
    headers: evil,
  });
  assert.equal(login.status, 403, 'not refused without a cookie');
  // TRACE, PROPFIND and SEARCH are safe methods as well, and not among the three that pass.
  const methods = 'PUT PATCH DELETE PROPPATCH MKCOL LOCK TRACE PROPFIND SEARCH'.split(' ');
  for (const method of methods) {
    const sent = await server.request({ method, cookie, headers: { Origin: 'null' } });
    assert.equal(sent.status, 403, `not refused: ${method}`);
  }
  for (const origin of ['https://undefined', 'http://undefined', 'https://', 'null']) {
    const status = await postWithoutHost(origin);
    assert.equal(status, 403, `not refused: Origin: ${origin}, without a Host`);
  }
  const shop = { Host: 'shop.example', Origin: 'https://shop.example' };
  const [here, nowhere] = [{ 'Sec-Fetch-Site': 'same-origin' }, { 'Sec-Fetch-Site': 'none' }];
  const lab = ['localhost:8080', '[::1]:8080', '127.0.0.1', 'localhost:3'].flatMap((at) =>
    ['http', 'https'].map((scheme) => ({ Host: at, Origin: `${scheme}://${at}` })),
  );
  // A page that sends no referrer posts `Origin: null`; behind a proxy `Host` may be another name.
  const proxied = [here, nowhere].flatMap((site) => [
    { ...site, Origin: 'null' },
    { ...site, Host: 'backend:8080', Origin: 'https://shop.example' },
  ]);
  const own = [here, nowhere, { Origin: `http://${host}` }, {}, shop, ...lab, ...proxied];
  for (const headers of own) {
    assert.equal(await post(headers as Record<string, string>), 200, JSON.stringify(headers));
  }
  const elsewhere = { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'cors', ...evil };
  for (const method of ['GET', 'HEAD', 'OPTIONS']) {
    for (const headers of [elsewhere, evil]) {
      const { status } = await server.request({ method, headers });
      assert.equal(status, 200, `${method} changes nothing, and was refused`);
    }
  }
  const link = await server.request({ cookie, headers: elsewhere });
  assert.equal(link.status, 200, 'a link from another site may be followed');
  assert.match(link.body, /Count: 19\b/, 'the refused ones have changed nothing');
});
