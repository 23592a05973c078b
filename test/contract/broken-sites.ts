/** A wrong site for each case of the adapters' contract. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Page, PageAnswer, PageSession } from '../../src/contract/adapter/site.ts';
import { gate } from '../../src/contract/case.ts';
import { ModelSite, type Opened } from './model-site.ts';

/** Saves without being waited for, after the response has left. */
class SavesLate extends ModelSite {
  override async settle(
    opened: Opened | undefined,
    cookie: string | undefined,
    response: ServerResponse,
  ): Promise<void> {
    if (opened === undefined) return;
    if (opened.changes.size > 0 && !opened.isEnded) opened.id ??= this.newId();
    this.setCookie(opened, cookie, response);
    if (opened.id !== undefined && !this.rows.has(opened.id)) this.rows.set(opened.id, {});
    this.save(opened).catch(() => {});
  }
}

/** Writes the whole session as it was read, whatever is there. */
class Overwrites extends ModelSite {
  override session(opened: Opened): PageSession {
    const values = structuredClone(this.rows.get(opened.id ?? '') ?? {});
    const session = super.session(opened);
    const set = (key: string, value: unknown): void => {
      values[key] = value;
      opened.changes.set('', () => values);
    };
    return {
      ...session,
      get: (key) => values[key],
      set,
      update: (key, change) => set(key, change(values[key])),
      login: (user) => {
        this.renew(opened);
        set('user', user);
      },
    };
  }
  override async save(opened: Opened): Promise<void> {
    const values = opened.changes.get('')?.(undefined) as Record<string, unknown> | undefined;
    if (opened.isEnded || values === undefined) return;
    this.writes += 1;
    opened.id ??= this.newId();
    this.rows.set(opened.id, values);
  }
}

class OtherCookie extends ModelSite {
  constructor(attributes: string) {
    super();
    this.attributes = attributes;
  }
}

/** A wrong site for each case, by the case's name. */
export const faults: Record<string, () => ModelSite> = {
  'a session lasts from request to request': () => new OtherCookie('Max-Age=0'),
  'two visitors have a session each': () =>
    new (class extends ModelSite {
      override newId(): string {
        return 'everyone';
      }
    })(),
  'a visitor for whom nothing is stored gets no cookie and no write': () =>
    new (class extends ModelSite {
      override async save(opened: Opened): Promise<void> {
        opened.changes.set('seen', () => true);
        await super.save(opened);
      }
    })(),
  'a page that only reads writes nothing': () =>
    new (class extends ModelSite {
      override async save(opened: Opened): Promise<void> {
        this.writes += 1;
        await super.save(opened);
      }
    })(),
  'gives a new id, and the old one does not lead to the user': () =>
    new (class extends ModelSite {
      override renew(opened: Opened): void {
        if (opened.id === undefined) super.renew(opened);
      }
    })(),
  'ends the session: its cookie leads to nothing': () =>
    new (class extends ModelSite {
      override destroy(opened: Opened): void {
        opened.isEnded = true;
        opened.id = undefined;
      }
    })(),
  'tells the browser to delete the cookie': () =>
    new (class extends ModelSite {
      override setCookie(...[opened, ...others]: Parameters<ModelSite['setCookie']>): void {
        if (!opened.isEnded) super.setCookie(opened, ...others);
      }
    })(),
  'an id that was ended is not taken for a new session': () =>
    new (class extends ModelSite {
      override adopt(cookie: string | undefined): string | undefined {
        if (cookie !== undefined && !this.rows.has(cookie)) this.rows.set(cookie, {});
        return cookie;
      }
    })(),
  'is HttpOnly, and SameSite Lax or Strict': () => new OtherCookie('Path=/; HttpOnly; Secure'),
  'is Secure over TLS': () => new OtherCookie('Path=/; HttpOnly; SameSite=Lax'),
  'has no lifetime of its own unless one is asked for': () => new OtherCookie('Max-Age=60'),
  'is not stored by caches in between': () =>
    new (class extends ModelSite {
      override send(response: ServerResponse, body: string | readonly string[]): void {
        response.removeHeader('Cache-Control');
        super.send(response, body);
      }
    })(),
  "leaves the page's own cookies and headers alone": () =>
    new (class extends ModelSite {
      override setCookie(...given: Parameters<ModelSite['setCookie']>): void {
        given[2].removeHeader('Set-Cookie');
        super.setCookie(...given);
      }
    })(),
  'a redirect does not leave before it': () => new SavesLate(),
  'a stream does not begin before it': () => new SavesLate(),
  '10 requests at once that store a key each all keep theirs': () => new Overwrites(),
  '20 requests at once that count are all counted': () =>
    new (class extends Overwrites {
      override async answer(
        page: Page,
        request: IncomingMessage,
        response: ServerResponse,
      ): Promise<void> {
        const slow: Page = async (open, path) => {
          const answer = await page(open, path);
          await new Promise((resolve) => setTimeout(resolve, 20));
          return answer;
        };
        await super.answer(slow, request, response);
      }
    })(),
  'a slow page that began before it does not log in again': () => new Overwrites(),
  'a client that leaves holds up no later request of its session': () =>
    new (class extends ModelSite {
      #turn: Promise<void> = Promise.resolve();
      override async answer(
        page: Page,
        request: IncomingMessage,
        response: ServerResponse,
      ): Promise<void> {
        await this.#turn;
        const { closed, open } = gate();
        this.#turn = closed;
        await super.answer(page, request, response);
        if (!response.destroyed) open();
      }
    })(),
  'a page that throws is answered with an error, and keeps what it has stored': () =>
    new (class extends ModelSite {
      override outcomeOf(answer: Promise<PageAnswer>): Promise<PageAnswer> {
        return answer;
      }
    })(),
  'a visitor with a session gets an error, and keeps the cookie': () =>
    new (class extends ModelSite {
      override requireStore(): void {}
    })(),
  'a session that cannot be saved is not confirmed': () =>
    new (class extends ModelSite {
      override requireStore(): void {}
    })(),
};
