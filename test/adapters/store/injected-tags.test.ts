/** JSON from a visitor that looks like the envelope's own tags, through Express and back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import express, { type RequestHandler } from 'express';
import session from 'express-session';
import { expressSessions, getSession } from '../../../src/adapters/store/express.ts';
import { ExpressSessionStore } from '../../../src/adapters/stores/express-session.ts';
import { newStore } from '../../store/fixture.ts';
import { serve } from '../fixture.ts';

type Values = Record<string, unknown>;

/** A form that a visitor posts: a key and its value. */
const posted: readonly string[] = [
  '["wish",{"$php":"object","class":"Admin","properties":[]}]',
  '["wish",{"$php":"array","entries":[["role","admin"]]}]',
  '["wish",{"$php":"same","path":["user"]}]',
  '["wish",{"$php":"enum","class":"Role","case":"Admin"}]',
  '["wish",[{"\\u0024php":"int","value":"9"}]]',
  '["wish",{"v":2,"data":{"user":"admin"}}]',
  '["wish",{"__proto__":{"user":"admin"},"constructor":{"prototype":{"user":"admin"}}}]',
  '["$php","array"]',
  '["entries",[["user","admin"]]]',
  '["7",{"$php":"int","value":"9"}]',
];

/** Stores what is posted beside the visitor's name, and shows all of it. */
async function siteOf(
  layer: RequestHandler,
  valuesOf: (request: express.Request) => Values | Promise<Values>,
): Promise<string> {
  const app = express();
  app.use(layer, express.json({ strict: false }));
  app.post('/', async (request, response) => {
    const values = await valuesOf(request);
    const [key, value] = request.body as [string, unknown];
    values['name'] = 'Ann';
    values[key] = value;
    response.send('stored');
  });
  app.get('/', async (request, response) => {
    const { cookie: _cookie, ...values } = await valuesOf(request);
    response.json([Object.entries(values), values['user'] ?? 'no user']);
  });
  return await serve(app);
}

const ours = newStore();
const store = new ExpressSessionStore(newStore());
const sites: Record<string, () => Promise<string>> = {
  'our own middleware': () =>
    siteOf(
      expressSessions(ours, { cookie: { name: 'sid', secure: false } }),
      async (request) => (await getSession(request)).data as Values,
    ),
  'express-session': () =>
    siteOf(
      session({ store, secret: 'signs', resave: false, saveUninitialized: false }),
      ({ session: values }) => values as unknown as Values,
    ),
};

for (const [name, start] of Object.entries(sites)) {
  test(`${name}: a posted value that looks like a tag of the envelope comes back unchanged`, async () => {
    const url = await start();
    for (const body of posted) {
      const headers = { 'content-type': 'application/json' };
      const first = await fetch(url, { method: 'POST', headers, body });
      // express-session sends the head before the save, and the last byte after it.
      await first.text();
      const cookie = first.headers.getSetCookie()[0]?.split(';')[0] ?? '';
      // A second request decodes what the first has stored, and a change of another key keeps it.
      const more = { ...headers, cookie };
      await (await fetch(url, { method: 'POST', headers: more, body: '["other",1]' })).text();
      const [entries, user] = (await (await fetch(url, { headers: { cookie } })).json()) as [
        [string, unknown][],
        string,
      ];
      assert.equal(user, 'no user', body);
      const expected = [['name', 'Ann'], JSON.parse(body) as [string, unknown], ['other', 1]];
      const byKey = (one: unknown[], other: unknown[]): number =>
        String(one[0]).localeCompare(String(other[0]));
      assert.equal(JSON.stringify(entries.sort(byKey)), JSON.stringify(expected.sort(byKey)), body);
    }
    assert.equal(({} as { user?: string }).user, undefined);
  });
}
