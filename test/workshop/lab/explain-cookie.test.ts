/** The lab's explanation of a cookie. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainSetCookie } from '../../../src/workshop/lab/explain-cookie.ts';

const ARTICLE = 'MySession=3; expires=Mon, 07 Dec 2026 05:00:00 GMT; Max-Age=1209600; path=/';
const meaning = (line: string, name: string) =>
  explainSetCookie(line).find(({ attribute }) => attribute.startsWith(name));

test('attributes that the line leaves out are explained as well', () => {
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
