/** The files of a Next application: the quick starts of the page, and what the page says in words. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../src/workshop/course/catalogue.ts';

/** Returns the page's program that has this line. */
function quickStart(line: string): string {
  const page = readFileSync(join(root, 'docs/quick-starts.md'), 'utf8');
  const programs = [...page.matchAll(/^```ts\n((?:.*\n)*?)```$/gm)].map(([, text = '']) => text);
  const program = programs.find((text) => text.includes(line));
  if (program === undefined) throw new Error(`docs/quick-starts.md has no program with ${line}`);
  return program;
}

/** The pages, which the quick starts leave to the reader. */
const PAGES = {
  'app/layout.tsx': `
import type { ReactNode } from 'react';
export default function Layout({ children }: { children: ReactNode }) {
  return <html lang="en"><body>{children}</body></html>;
}
`,
  'app/page.tsx': `
import { buy, login, logout, show } from './session';
export default async function Page() {
  return (
    <main>
      <p>{await show()}</p>
      <form action={buy}><button>buy</button></form>
      <form action={login}><button>login</button></form>
      <form action={logout}><button>logout</button></form>
    </main>
  );
}
`,
  'app/admin/page.tsx': 'export default function Admin() { return <p>admin</p>; }\n',
  'app/count/route.ts': `
import { withSession } from '../../sessions';
const count = () => withSession((session) => {
  session.update('count', (count = 0) => count + 1);
  return Response.json(session.data);
});
export const POST = async () => (await Promise.all([count(), count()]))[1];
`,
  'app/account/page.tsx': `
import { auth0 } from '../../auth0';
export default async function Account() {
  const session = await auth0.getSession();
  return <p>{session?.user.sub ?? 'guest'}</p>;
}
`,
};

/** Returns the application's files by name. */
export function appFiles(): Record<string, string> {
  return {
    'package.json': '{ "name": "shop", "private": true }',
    'next.config.ts': `
import type { NextConfig } from 'next';
const config: NextConfig = { serverExternalPackages: ['phpsessid', 'mysql2'] };
export default config;
`,
    ...PAGES,
    'app/session.ts': quickStart("from 'next/headers'"),
    'sessions.ts': `
import { cookies } from 'next/headers';
import { createSessions } from 'phpsessid/mysql';
import { nextSessions } from 'phpsessid/mysql/next';
export const sessions = createSessions<{ count: number }>({
  url: process.env['DATABASE_URL'] ?? '',
  secrets: [process.env['SESSION_SECRET'] ?? ''],
});
export const { withSession } = nextSessions(sessions, cookies);
`,
    'auth0.ts': quickStart('new Auth0Client('),
    'proxy.ts': `
import { type NextRequest, NextResponse } from 'next/server';
import { getSession, withProxySessions } from 'phpsessid/mysql/next';
import { auth0 } from './auth0';
import { sessions } from './sessions';
export const proxy = withProxySessions(sessions, async (request: NextRequest) => {
  if (request.nextUrl.pathname !== '/admin') return await auth0.middleware(request);
  const { user } = await getSession(request);
  return user === undefined ? NextResponse.redirect(new URL('/', request.url)) : NextResponse.next();
});
export const config = { matcher: ['/admin', '/auth/:path*', '/account'] };
`,
  };
}
