/** A browser for the tests of the lab's pages, and what it complained about. */
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { findBrowser } from '../../src/workshop/tools/browser.ts';
import { contrastFaults, structureFaults } from './inspect-page.ts';

export interface Visit {
  page: Page;
  /** What the console complained about, and requests to anywhere but the lab. */
  complaints: string[];
}

export interface VisitOptions {
  script?: boolean | undefined;
  width?: number | undefined;
  height?: number | undefined;
  dark?: boolean | undefined;
}

const program = findBrowser();

/** Why tests of pages are skipped, or false. */
export const skip: string | false = program
  ? false
  : 'no browser of the Chromium family is installed';

/** Starts a browser; undefined where none is installed. */
export async function startBrowser(): Promise<Browser | undefined> {
  if (!program) return undefined;
  const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'];
  return chromium.launch({ executablePath: program, args });
}

/**
 * Opens a page in a browser that knows nothing yet; pages of earlier visits are closed.
 *
 * @param browser The browser.
 * @param address The whole address.
 * @param options Size, colours, and whether scripts run.
 */
export async function visit(
  browser: Browser | undefined,
  address: string,
  options: VisitOptions = {},
): Promise<Visit> {
  if (!browser) throw new Error('there is no browser: the test should have been skipped');
  for (const context of browser.contexts()) await context.close();
  const context: BrowserContext = await browser.newContext({
    javaScriptEnabled: options.script ?? true,
    viewport: { width: options.width ?? 1280, height: options.height ?? 720 },
    colorScheme: options.dark ? 'dark' : 'light',
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => {
    if (!request.url().startsWith(new URL(address).origin)) {
      complaints.push(`asked for ${request.url()}`);
    }
  });
  await page.goto(address);
  return { page, complaints };
}

/**
 * Looks at names, headings, captions and contrast.
 *
 * @param page A page with everything on it that is to be judged.
 * @returns One sentence a fault.
 */
export async function inspectPage(page: Page): Promise<string[]> {
  await page.evaluate(() => {
    for (const details of document.querySelectorAll('details')) details.open = true;
  });
  // The compiler names functions through a helper that the page does not have.
  await page.evaluate('globalThis.__name = (value) => value');
  return [...(await page.evaluate(structureFaults)), ...(await page.evaluate(contrastFaults))];
}

/** How many pixels a page is wider than its window. */
export async function overflow(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
}
