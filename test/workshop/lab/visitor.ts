/** A lab and a browser for the tests of the lab's pages, and the browser's errors. */
import assert from 'node:assert/strict';
import { after, afterEach } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import type { Browser, Locator, Page } from 'playwright-core';
import { HANG } from '../../hang.ts';
import { findBrowser } from '../find-browser.ts';
import { openBrowser, openPage } from '../open-browser.ts';
import { contrastFaults, namelessFaults, speechFaults, structureFaults } from './inspect-page.ts';
import { database, endAll, startWorkshop, type Workshop } from './workshop.ts';

export interface Visit {
  page: Page;
  /** Console errors, and requests to any host but the lab. */
  complaints: string[];
}

export interface VisitOptions {
  script?: boolean | undefined;
  width?: number | undefined;
  height?: number | undefined;
  dark?: boolean | undefined;
}

export interface Lab {
  /** URL of the lab's database server. */
  database: string;
  workshop: Workshop;
  /**
   * Opens a page in a browser that knows nothing of earlier visits; their page is left.
   *
   * @param path - A path of the lab, or a whole address.
   * @param options - Size, colours, and whether scripts run.
   */
  visit(path: string, options?: VisitOptions): Promise<Visit>;
}

/** Why tests of pages are skipped, or false. */
export const skip: string | false = findBrowser()
  ? false
  : 'no browser of the Chromium family is installed';

/**
 * Starts a lab and opens a browser for one test file, and ends both after its tests.
 *
 * @param args - More of the workshop's command line.
 * @param server - The lab's database: the run's server, or a wire to it.
 * @param project - A folder to use in place of the project's.
 */
export async function openLab(
  args: string[] = [],
  server?: { url: string },
  project?: string,
): Promise<Lab> {
  const own = server ? undefined : await database();
  const url = (server ?? own)?.url ?? '';
  const [workshop, browser] = await Promise.all([
    startWorkshop(url, project, ['--no-docs', ...args]),
    openBrowser(),
  ]);
  after(async () => {
    await browser?.close();
    await endAll();
    await own?.close();
  });
  const tabs = new Map<boolean, Tab>();
  // A test that waited in vain for a part of a page does not say what was there instead.
  afterEach(async (test) => {
    if ('passed' in test && test.passed) return;
    for (const tab of tabs.values()) console.error(await tab.describe());
  });
  const visit = async (path: string, options: VisitOptions = {}): Promise<Visit> => {
    if (!browser) throw new Error('there is no browser: the test should have been skipped');
    for (const [kind, tab] of tabs) {
      if (!(await tab.forget())) tabs.delete(kind);
    }
    const script = options.script ?? true;
    const tab = tabs.get(script) ?? (await Tab.open(browser, script));
    tabs.set(script, tab);
    return await tab.visit(new URL(path, workshop.address), options);
  };
  return { database: url, workshop, visit };
}

/** One page for many visits: another process of the browser for each would cost 0.2 s of CPU. */
class Tab {
  readonly #page: Page;
  #origin = '';
  #complaints: string[] = [];

  constructor(page: Page) {
    this.#page = page;
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) this.#complaints.push(message.text());
    });
    page.on('pageerror', (error) => this.#complaints.push(error.message));
    page.on('request', (request) => {
      const url = request.url();
      if (!url.startsWith(this.#origin)) this.#complaints.push(`asked for ${url}`);
    });
  }

  static async open(browser: Browser, script: boolean): Promise<Tab> {
    return new Tab(await openPage(browser, { javaScriptEnabled: script }));
  }

  async visit({ href, origin }: URL, options: VisitOptions): Promise<Visit> {
    const page = this.#page;
    await page.setViewportSize({ width: options.width ?? 1280, height: options.height ?? 720 });
    const colorScheme = options.dark ? 'dark' : 'light';
    await page.emulateMedia({ media: null, colorScheme, reducedMotion: 'reduce' });
    const complaints: string[] = [];
    this.#complaints = complaints;
    this.#origin = origin;
    await page.goto(href);
    return { page, complaints };
  }

  /** The page's address, its complaints and its visible text. */
  async describe(): Promise<string> {
    const text = await this.#page.innerText('body').catch((error: unknown) => String(error));
    return [this.#page.url(), ...this.#complaints, text].join('\n');
  }

  /**
   * Leaves the page, and deletes everything that it has stored.
   *
   * @returns False when a test has left it in a state in which it cannot; it is closed then.
   */
  async forget(): Promise<boolean> {
    const page = this.#page;
    this.#complaints = [];
    try {
      await page.evaluate(() => {
        localStorage.clear();
        sessionStorage.clear();
      });
      await page.goto('about:blank');
      await page.context().clearCookies();
      await page.mouse.move(0, 0);
      return true;
    } catch {
      await page.context().close();
      return false;
    }
  }
}

/**
 * Waits until a page is drawn, and a key that is pressed reaches what has the focus.
 *
 * A form without script leads to an address with a fragment. Chromium goes to its element with a
 * frame that it draws once the page has come, and takes the focus from wherever it is by then.
 *
 * @param page - A page of which something is there already.
 */
export async function drawn(page: Page): Promise<void> {
  await page.waitForLoadState('load');
  // A picture waits for a frame; `requestAnimationFrame` needs the page's scripts.
  await page.screenshot({ clip: { x: 0, y: 0, width: 1, height: 1 } });
}

/** Empties the table of the page's class, by the page's own button. */
export async function emptyTable(page: Page): Promise<void> {
  // A table that was empty before says so at once, and a visit could overtake the reset.
  const done = page.waitForResponse((answer) => new URL(answer.url()).pathname === '/reset');
  await page.getByRole('button', { name: 'Empty the table, delete the cookies' }).click();
  await done;
  await page.getByText('The table is empty.').first().waitFor();
}

/** The sentence that a screen reader was given last. */
export const lastSaid = (page: Page): Locator => page.locator('#announcer > :last-child');

/** The text of a client's page within the lab's page. */
export const shown = (page: Page, client: 'you' | 'mallory'): Locator =>
  page.locator(`#page-${client} .shown`);

/**
 * Looks at names, headings, captions and contrast.
 *
 * @param page - A page with everything on it that is to be judged.
 * @returns One sentence per fault.
 */
export async function inspectPage(page: Page): Promise<string[]> {
  await page.evaluate(() => {
    for (const details of document.querySelectorAll('details')) details.open = true;
  });
  // The compiler names functions through a helper that the page does not have.
  await page.evaluate('globalThis.__name = (value) => value');
  const faults: string[] = [];
  for (const rules of [structureFaults, namelessFaults, speechFaults, contrastFaults]) {
    faults.push(...(await page.evaluate(rules)));
  }
  return faults;
}

/** The number of pixels by which a page is wider than its window. */
export async function overflow(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
}

/**
 * Waits until an element's text is the expected one. A page's parts arrive as separate events, so
 * a text that is read at once may be the one before.
 *
 * @param element - The element.
 * @param expected - The whole text, or a pattern in it.
 * @throws AssertionError with the last text, after a long time in vain.
 */
export async function reads(element: Locator, expected: string | RegExp): Promise<void> {
  const isExpected = (text: string): boolean =>
    typeof expected === 'string' ? text === expected : expected.test(text);
  const text = await settle(() => element.innerText(), isExpected);
  if (typeof expected === 'string') assert.equal(text, expected);
  else assert.match(text, expected);
}

/**
 * Waits until a page has this many of an element.
 *
 * @param elements - The elements.
 * @param expected - How many.
 * @throws AssertionError with the last count, after a long time in vain.
 */
export async function counts(elements: Locator, expected: number): Promise<void> {
  const isExpected = (count: number): boolean => count === expected;
  assert.equal(await settle(() => elements.count(), isExpected), expected);
}

/**
 * Waits for an element's box. While its part of the page is drawn anew, an element that was found has
 * none any more.
 *
 * @param element - The element.
 * @returns The box; null after a long time in vain.
 */
export async function boxOf(
  element: Locator,
): Promise<Awaited<ReturnType<Locator['boundingBox']>>> {
  return await settle(
    () => element.boundingBox(),
    (box) => box !== null,
  );
}

async function settle<Value>(
  ask: () => Promise<Value>,
  isExpected: (value: Value) => boolean,
): Promise<Value> {
  const until = performance.now() + HANG;
  for (;;) {
    const value = await ask();
    if (isExpected(value) || performance.now() > until) return value;
    await setTimeout(20);
  }
}
