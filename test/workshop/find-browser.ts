/** The browser that the tests of the pages drive. */
import { findProgram } from '../../src/workshop/machine/program.ts';

const applications = [
  '/Applications/Google Chrome.app/Contents/MacOS',
  '/Applications/Chromium.app/Contents/MacOS',
  'C:\\Program Files\\Google\\Chrome\\Application',
  'C:\\Program Files (x86)\\Microsoft\\Edge\\Application',
];

/**
 * Finds a browser of Chromium's family.
 *
 * @param environment - `CHROME` is the browser's path; without it PATH is searched.
 * @returns The program's absolute path; undefined when none is installed.
 */
export function findBrowser(environment: NodeJS.ProcessEnv = process.env): string | undefined {
  if (environment['CHROME']) return environment['CHROME'];
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
  return (
    findProgram(names, environment) ??
    findProgram(['Google Chrome', 'Chromium', 'chrome', 'msedge'], {
      PATH: applications.join(process.platform === 'win32' ? ';' : ':'),
    })
  );
}
