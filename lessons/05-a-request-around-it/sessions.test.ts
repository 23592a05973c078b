import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openBench } from '#bench';

const { serve } = await openBench();
const server = await serve({
  settings: { 'session.gc_probability': '1', 'session.gc_divisor': '1' },
});
after(() => server.close());

test('the counter page counts each visitor alone', async () => {
  const first = await server.request({});
  assert.match(first.body, /<p>Count: 1<\/p>/);
  const second = await server.request({ cookie: first.cookie });
  assert.match(second.body, /<p>Count: 2<\/p>/);
  const stranger = await server.request({});
  assert.match(stranger.body, /<p>Count: 1<\/p>/);
});

test('a first visit runs the callbacks in the order of PHP', async () => {
  const { trace } = await server.request({});
  assert.deepEqual(trace, ['open', 'create_sid', 'read', 'gc', 'write', 'close']);
});

test('a returning visit asks for no new id', async () => {
  const { cookie } = await server.request({});
  const { trace } = await server.request({ cookie });
  assert.deepEqual(trace, ['open', 'read', 'gc', 'write', 'close']);
});

test('a new visitor gets one cookie, for fourteen days', async () => {
  const { setCookie } = await server.request({});
  assert.equal(setCookie.length, 1);
  assert.match(
    setCookie[0] ?? '',
    /^MySession=[^;]+; expires=[^;]+ GMT; Max-Age=1209600; path=\/$/,
  );
});

test('a returning visitor gets no cookie', async () => {
  const { cookie } = await server.request({});
  const { setCookie } = await server.request({ cookie });
  assert.deepEqual(setCookie, []);
});
