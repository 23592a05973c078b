/** Plain JavaScript: the set-up needs it before there is anything that reads TypeScript. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The npm that runs this program, without a shell between; else the one beside this Node. */
export function npm() {
  const running = process.env.npm_execpath;
  if (running && /npm-cli\.c?js$/.test(running)) return [process.execPath, running];
  const bin = dirname(process.execPath);
  const beside = [
    join(bin, '../lib/node_modules/npm/bin/npm-cli.js'),
    join(bin, 'node_modules/npm/bin/npm-cli.js'),
  ].find((path) => existsSync(path));
  return beside ? [process.execPath, beside] : ['npm'];
}
