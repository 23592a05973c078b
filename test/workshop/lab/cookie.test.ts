import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cookieValues, explainSetCookie, keepCookie } from '../../../src/workshop/lab/cookie.ts';

const ARTICLE = 'MySession=3; expires=Mon, 07 Dec 2026 05:00:00 GMT; Max-Age=1209600; path=/';
const meaning = (line: string, name: string) =>
  explainSetCookie(line).find(({ attribute }) => attribute.startsWith(name));

test('a cookie is kept beside others and replaces its own name only', () => {
  assert.equal(keepCookie('', ARTICLE), 'MySession=3');
  assert.equal(keepCookie('a=1; MySession=2', ARTICLE), 'a=1; MySession=3');
  assert.equal(keepCookie('mysession=2', ARTICLE), 'mysession=2; MySession=3');
});

test('a value is kept byte for byte', () => {
  assert.equal(keepCookie('', 'a=b=c%3B "x"; path=/'), 'a=b=c%3B "x"');
});

test('a cookie whose end lies in the past is removed', () => {
  assert.equal(keepCookie('a=1; b=2', 'a=deleted; Max-Age=0'), 'b=2');
  assert.equal(keepCookie('a=1', 'a=deleted; expires=Thu, 01-Jan-1970 00:00:01 GMT'), '');
});

test('a name that is sent twice gives both values', () => {
  assert.deepEqual(cookieValues('a=1; b=2; a=3', 'a'), ['1', '3']);
});

test('what the line leaves unsaid is explained as well', () => {
  const httpOnly = meaning(ARTICLE, 'HttpOnly');
  assert.equal(httpOnly?.present, false);
  assert.match(httpOnly?.meaning ?? '', /Readable by scripts/);
  assert.match(meaning(ARTICLE, 'Secure')?.meaning ?? '', /plain HTTP/);
  assert.match(meaning(ARTICLE, 'Max-Age')?.meaning ?? '', /14 days/);
});

test('attributes are read whatever their case and order', () => {
  const line = 'a=1; SAMESITE=strict; httponly; secure';
  assert.equal(meaning(line, 'HttpOnly')?.present, true);
  assert.match(meaning(line, 'SameSite')?.meaning ?? '', /Never sent/);
});
