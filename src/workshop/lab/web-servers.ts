/** Lesson 23's site for the lab: two Node servers and one PHP, behind haproxy, on one table. */
import { findLesson } from '../course/catalogue.ts';
import { schemaFor } from '../course/tables.ts';
import type { Schema } from '../machine/database/schemas.ts';
import { visit } from '../sandbox/browser.ts';
import {
  openLessonSite,
  type Site,
  type SiteServer,
  serverOf,
  visitOften,
} from '../sandbox/site.ts';
import { Machine, type Starting } from './machine.ts';
import { Refused } from './refused.ts';
import { count } from './text.ts';

/** The lesson whose class and twin are served. */
export const SERVED = 23;

/** Requests under way when a crowd of them is sent. */
const AT_ONCE = 6;

/** One server as the page shows it. */
export interface ServerLane {
  name: string;
  runs: 'Node' | 'PHP';
  state: 'up' | 'hung' | 'killed';
  /** The visits of this visitor that it has answered. */
  answered: number;
}

/** The sums of one visitor. */
export interface Visits {
  /** The number on the last page. */
  shown: number;
  answered: number;
  unanswered: number;
}

/** Describes a visitor's sums, briefly enough to be read aloud. */
export function sentenceOf({ shown, answered, unanswered }: Visits): string {
  const rest = unanswered > 0 ? `, ${unanswered} not` : '';
  return `The counter shows ${shown}. ${count(answered, 'visit')} answered${rest}.`;
}

export class WebServers extends Machine {
  #site: Site | undefined;
  #schema: Schema | undefined;
  #cookie = '';
  #visits: Visits = { shown: 0, answered: 0, unanswered: 0 };
  #answered = new Map<string, number>();
  /** Names of servers that hang, without those that were killed. */
  #hung = new Set<string>();

  get lanes(): ServerLane[] {
    return [...(this.#site?.servers.values() ?? [])].map(({ name, isUp }) => {
      const answered = this.#answered.get(name) ?? 0;
      const state = !isUp ? 'killed' : this.#hung.has(name) ? 'hung' : 'up';
      return { name, runs: name === 'PHP' ? 'PHP' : 'Node', state, answered };
    });
  }

  get visits(): Visits {
    return this.#visits;
  }

  /** The program in front of the servers, with its version. */
  get proxy(): string | undefined {
    return this.#site?.proxy;
  }

  /** False once that program has ended: no visit reaches a server then. */
  get isReachable(): boolean {
    return this.#site?.isReachable ?? false;
  }

  /** Sends visits of one browser, several at a time. */
  send(visits: number): string {
    return this.perform(count(visits, 'visit'), async () => {
      const site = this.#opened();
      const before = this.#visits.answered + this.#visits.unanswered;
      let left = visits;
      // A new visitor's first visit goes alone: it brings the cookie that the others send.
      for (; this.#cookie === '' && left > 0; left -= 1) await this.#begin(site);
      // In portions, so that the page shows the progress.
      for (; left > 0; left -= 10) {
        const crowd = await visitOften(site.port, this.#cookie, Math.min(10, left), AT_ONCE);
        for (const [name, number] of crowd.right) {
          this.#answered.set(name, (this.#answered.get(name) ?? 0) + number);
        }
        const { shown, answered, unanswered } = this.#visits;
        this.#visits = {
          shown: Math.max(shown, ...crowd.counts),
          answered: answered + crowd.counts.length,
          unanswered: unanswered + crowd.failed,
        };
        this.changed();
      }
      const { answered, unanswered } = this.#visits;
      const sent = answered + unanswered - before;
      const said = `${count(sent, 'visit')} sent. ${sentenceOf(this.#visits)}`;
      return this.isReachable ? said : `${said} ${this.proxy} has ended.`;
    });
  }

  /** Begins a new visitor, with a counter at 0. */
  forget(): string {
    this.#cookie = '';
    this.#visits = { shown: 0, answered: 0, unanswered: 0 };
    this.#answered.clear();
    this.changed();
    return 'A new visitor, without a cookie.';
  }

  /** Starts the program in front of the servers again. */
  async reopen(): Promise<string> {
    await this.#opened().reopen();
    this.changed();
    return `${this.proxy} is up again.`;
  }

  /** Kills a server as a crash would, or starts it again; also while visits are under way. */
  async toggle(name: string): Promise<string> {
    const server = this.#find(name);
    const said = server.isUp ? 'was killed' : 'is up again';
    await (server.isUp ? server.kill() : server.start());
    this.#hung.delete(name);
    this.changed();
    return `${name} ${said}.`;
  }

  /** Lets a server hang, or resumes it; also while visits are under way. */
  async hang(name: string): Promise<string> {
    const server = this.#find(name);
    if (!server.isUp) throw new Refused(`${name} was killed. Start it again first.`);
    const isHung = this.#hung.has(name);
    await (isHung ? server.resume() : server.pause());
    if (isHung) this.#hung.delete(name);
    else this.#hung.add(name);
    this.changed();
    return isHung ? `${name} goes on.` : `${name} hangs: it accepts visits and answers none.`;
  }

  protected override async begin({ progress, signal }: Starting): Promise<void> {
    const { server, lessons } = this.lab;
    if (!server) throw new Error('The database is not ready. Try again in a moment.');
    const lesson = findLesson(lessons, SERVED);
    this.#schema = await server.createSchema('lab-servers');
    await this.#schema.run(schemaFor(lessons, SERVED));
    const { class: file } = lesson.files;
    this.#site = await openLessonSite(lesson, file, this.#schema.url, { progress, signal });
  }

  protected override async end(): Promise<void> {
    await this.#site?.close();
    this.#site = undefined;
    await this.#schema?.drop().catch(() => {});
    this.#schema = undefined;
  }

  /** Sends a visit without a cookie; a server that hangs or dies does not answer it. */
  async #begin(site: Site): Promise<void> {
    const { answered, unanswered } = this.#visits;
    const page = await visit(site.port).catch(() => undefined);
    if (!page?.cookie) {
      this.#visits = { shown: 0, answered, unanswered: unanswered + 1 };
      return;
    }
    this.#cookie = page.cookie;
    this.#visits = { shown: 1, answered: 1, unanswered };
    this.#answered.set(serverOf(page), 1);
  }

  #opened(): Site {
    if (!this.#site) throw new Error('the site is not up');
    return this.#site;
  }

  #find(name: string): SiteServer {
    const server = this.#site?.servers.get(name);
    if (!server) throw new RangeError(`There is no server "${name}".`);
    return server;
  }
}
