/** The one cookie jar of the bench's browser and of the lab's two clients. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cookieValues, keepCookies } from '../../../src/workshop/sandbox/cookies.ts';

const ARTICLE = 'MySession=3; expires=Mon, 07 Dec 2026 05:00:00 GMT; Max-Age=1209600; path=/';

test('a cookie is kept beside others and replaces its own name only', () => {
  assert.equal(keepCookies('', [ARTICLE]), 'MySession=3');
  assert.equal(keepCookies('a=1; MySession=2', [ARTICLE]), 'a=1; MySession=3');
  assert.equal(keepCookies('mysession=2', [ARTICLE]), 'mysession=2; MySession=3');
});

test('a renewed cookie keeps its place', () => {
  assert.equal(keepCookies('MySession=2; a=1', [ARTICLE, 'b=2']), 'MySession=3; a=1; b=2');
});

test('a value is kept byte for byte', () => {
  assert.equal(keepCookies('', ['a=b=c%3B "x"; path=/']), 'a=b=c%3B "x"');
});

test('a cookie without a name is ignored', () => {
  assert.equal(keepCookies('a=1', ['just text; path=/', '=2']), 'a=1');
});

test('a cookie whose lifetime is over is removed', () => {
  assert.equal(keepCookies('a=1; b=2', ['a=deleted; Max-Age=0']), 'b=2');
  assert.equal(keepCookies('a=1; b=2', ['a=deleted; Max-Age=-5']), 'b=2');
  assert.equal(keepCookies('a=1', ['a=deleted; expires=Thu, 01-Jan-1970 00:00:01 GMT']), '');
});

test('Max-Age has precedence over Expires where it is a number', () => {
  const past = 'Expires=Thu, 01 Jan 1970 00:00:01 GMT';
  assert.equal(keepCookies('', [`a=1; ${past}; Max-Age=60`]), 'a=1');
  assert.equal(keepCookies('a=1', [`a=1; ${past}; Max-Age=soon`]), '');
});

test('a name that is sent twice gives both values', () => {
  assert.deepEqual(cookieValues('a=1; b=2; a=3', 'a'), ['1', '3']);
  assert.deepEqual(cookieValues('a=1; b=2=2; c; =d'), ['1', '2=2']);
  assert.equal(keepCookies('a=1; b=2; a=3', ['b=4']), 'a=1; b=4; a=3');
});
