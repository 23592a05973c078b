import { type Attack, breached, held, NotPorted } from '#bench';

/** A visitor sends an id that the server never made, as a typed or an old cookie does. */
export const attack: Attack = async ({ handler, say }) => {
  await handler.open('', 'MySession');
  say('a browser sends Cookie: MySession=404; no session has that id');
  try {
    const data: unknown = await handler.read('404');
    say(`Read answers ${JSON.stringify(data)}`);
    return data === ''
      ? held('an empty session, and the page can begin')
      : breached('PHP takes that for a failure: session_start() is false, nothing will be kept');
  } catch (error) {
    if (error instanceof NotPorted) throw error;
    say(`Read throws ${String(error)}`);
    return breached('every new visitor gets an error instead of a page');
  }
};
