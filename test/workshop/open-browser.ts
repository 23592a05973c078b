/**
 * A browser for the tests of the lab's pages. `npm test` starts one for all their files, and names
 * its address in `WORKSHOP_BROWSER`; a file that runs by itself starts one of its own.
 */
import { createRequire } from 'node:module';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { HANG } from '../hang.ts';
import { findBrowser } from './find-browser.ts';

// An import would look through three megabytes for the names of their exports.
const { chromium } = createRequire(import.meta.url)(
  'playwright-core',
) as typeof import('playwright-core');

const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic'];

/** A browser that other processes open. */
export interface SharedBrowser {
  /** The value of `WORKSHOP_BROWSER` for them. */
  address: string;
  close(): Promise<void>;
}

/**
 * Starts a browser for other processes. None of them can see another one's pages, and the pages of
 * a process that has ended are closed.
 *
 * @returns The browser; undefined when none is installed.
 */
export async function shareBrowser(): Promise<SharedBrowser | undefined> {
  const executablePath = findBrowser();
  if (executablePath === undefined) return undefined;
  const signals = { handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false };
  const server = await chromium.launchServer({ executablePath, args, ...signals });
  return { address: server.wsEndpoint(), close: () => server.close() };
}

/**
 * Opens the shared browser, or starts one.
 *
 * @returns The browser; undefined when none is installed. Its `close()` ends only what this process
 *   has opened.
 */
export async function openBrowser(): Promise<Browser | undefined> {
  const shared = process.env['WORKSHOP_BROWSER'];
  if (shared) return await chromium.connect(shared);
  const executablePath = findBrowser();
  return executablePath === undefined ? undefined : await chromium.launch({ executablePath, args });
}

/** Opens a page that shares nothing with others, and whose steps end with an error when they hang. */
export async function openPage(browser: Browser, options: BrowserContextOptions): Promise<Page> {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(HANG);
  return await context.newPage();
}
