/** A site in memory that keeps the whole contract of adapters, and whose parts a test can break. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after } from 'node:test';
import type {
  HeldSave,
  Page,
  PageAnswer,
  PageSession,
  SessionSite,
} from '../../src/contract/adapter/site.ts';
import { gate } from '../../src/contract/case.ts';

type Values = Record<string, unknown>;
type Change = (value: unknown) => unknown;

/** A request's session, and the changes that its save makes. */
interface Opened {
  id: string | undefined;
  isEnded: boolean;
  readonly changes: Map<string, Change>;
}

const servers: Server[] = [];
after(() => {
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
});

/** Sessions by id; a save applies its changes to what is there, and creates nothing that was ended. */
export class ModelSite implements SessionSite {
  readonly rows: Map<string, Values> = new Map();
  attributes = 'Path=/; HttpOnly; Secure; SameSite=Lax';
  writes = 0;
  isDown = false;
  #held: ReturnType<typeof gate>[] = [];

  readonly countWrites = (): number => this.writes;

  readonly holdSave = (): HeldSave => {
    const [arrival, opening] = [gate(), gate()];
    this.#held = [arrival, opening];
    return { arrived: arrival.closed, release: opening.open };
  };

  async serve(page: Page): Promise<string> {
    const server = createServer((request, response) => {
      this.answer(page, request, response).catch(() => {
        if (!response.headersSent) response.writeHead(500);
        response.end('failed');
      });
    }).listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  readonly serveUnreachable = (page: Page): Promise<string> => {
    const site = new (this.constructor as new () => ModelSite)();
    site.isDown = true;
    return site.serve(page);
  };

  async answer(page: Page, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const cookie = /(?:^|; )id=([^;]+)/.exec(request.headers.cookie ?? '')?.[1];
    let opened: Opened | undefined;
    const open = async (): Promise<PageSession> => {
      this.requireStore();
      opened = { id: this.adopt(cookie), isEnded: false, changes: new Map() };
      return this.session(opened);
    };
    const answered = await this.outcomeOf(page(open, request.url ?? '/'));
    const { status = 200, headers = {}, body = '' } = answered;
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    response.statusCode = status;
    await this.settle(opened, cookie, response);
    this.send(response, body);
  }

  /** A page's answer; an error's, where it throws. A store that is down answers for itself. */
  async outcomeOf(answer: Promise<PageAnswer>): Promise<PageAnswer> {
    return await answer.catch((error: unknown) => {
      if (this.isDown) throw error;
      return { status: 500, body: 'failed' };
    });
  }

  send(response: ServerResponse, body: string | readonly string[]): void {
    for (const piece of [body].flat()) response.write(piece);
    response.end();
  }

  /** Saves, and then sets the cookie. */
  async settle(
    opened: Opened | undefined,
    cookie: string | undefined,
    response: ServerResponse,
  ): Promise<void> {
    if (opened === undefined) return;
    await this.save(opened);
    this.setCookie(opened, cookie, response);
  }

  setCookie(opened: Opened, cookie: string | undefined, response: ServerResponse): void {
    if (opened.id === cookie) return;
    if (opened.isEnded) response.appendHeader('Set-Cookie', 'id=; Max-Age=0; Path=/');
    else if (opened.id !== undefined) {
      response.appendHeader('Set-Cookie', `id=${opened.id}; ${this.attributes}`);
    } else return;
    response.setHeader('Cache-Control', 'no-store');
  }

  requireStore(): void {
    if (this.isDown) throw new Error('no store');
  }

  /** The id of a session that is there. */
  adopt(cookie: string | undefined): string | undefined {
    return cookie !== undefined && this.rows.has(cookie) ? cookie : undefined;
  }

  newId(): string {
    return randomBytes(16).toString('hex');
  }

  session(opened: Opened): PageSession {
    const read = structuredClone(this.rows.get(opened.id ?? '') ?? {});
    const change = (key: string, by: Change): void => {
      read[key] = by(read[key]);
      const before = opened.changes.get(key) ?? ((value: unknown) => value);
      opened.changes.set(key, (value) => by(before(value)));
    };
    return {
      get: (key) => read[key],
      set: (key, value) => change(key, () => value),
      update: change,
      login: (user) => {
        this.renew(opened);
        change('user', () => user);
      },
      destroy: () => this.destroy(opened),
    };
  }

  renew(opened: Opened): void {
    const values = this.rows.get(opened.id ?? '') ?? {};
    this.rows.delete(opened.id ?? '');
    opened.id = this.newId();
    this.rows.set(opened.id, values);
  }

  destroy(opened: Opened): void {
    this.rows.delete(opened.id ?? '');
    opened.isEnded = true;
    opened.id = undefined;
  }

  async save(opened: Opened): Promise<void> {
    if (opened.isEnded || opened.changes.size === 0) return;
    await this.#pass();
    const values = opened.id === undefined ? {} : this.rows.get(opened.id);
    if (values === undefined) return;
    for (const [key, by] of opened.changes) values[key] = by(values[key]);
    opened.id ??= this.newId();
    this.rows.set(opened.id, values);
  }

  async #pass(): Promise<void> {
    this.writes += 1;
    const [arrival, opening] = this.#held.splice(0);
    arrival?.open();
    await opening?.closed;
  }
}

export type { Opened, Values };
