import { type Attack, breached, held } from '#bench';

/** Lists the ways in which Mallory can make a browser use Ann's cookie. */
export const attack: Attack = async ({ serve, say }) => {
  const server = await serve();
  try {
    const visit = await server.request();
    const [line = ''] = visit.setCookie;
    const has = (attribute: RegExp): boolean => attribute.test(line);
    let open = 0;
    const ask = (question: string, isOpen: boolean): void => {
      say(`${question}: ${isOpen ? 'yes' : 'no'}`);
      if (isOpen) open += 1;
    };
    say(`Ann's browser gets the cookie ${line.split('=')[0]}`);
    ask('a script that slipped into the page reads it', !has(/;\s*httponly/i));
    ask('a picture at an http:// address carries it over the open wire', !has(/;\s*secure/i));
    ask('blog.shop.example can set it for shop.example', !has(/^__Host-/));
    ask("Mallory's form takes it along", !has(/;\s*samesite=(lax|strict)/i));
    const { status } = await server.request({
      method: 'POST',
      cookie: visit.cookie,
      headers: { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.example' },
    });
    ask('and if an old browser sends it all the same, the server obeys', status === 200);
    return open > 0
      ? breached(`${open} of 5 ways to use a cookie without knowing it are open`)
      : held('the cookie goes to this host only, from its own pages only');
  } finally {
    await server.close();
  }
};
