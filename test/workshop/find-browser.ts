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
 * @returns The path in `CHROME`, else the program's absolute path; undefined when none is installed.
 */
export function findBrowser(): string | undefined {
  const chosen = process.env['CHROME'];
  if (chosen) return chosen;
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
  return (
    findProgram(names) ??
    findProgram(['Google Chrome', 'Chromium', 'chrome', 'msedge'], {
      PATH: applications.join(process.platform === 'win32' ? ';' : ':'),
    })
  );
}
