/** `npm run docs`: builds docs/site. `npm test` checks the pages. */
import { join, relative } from 'node:path';
import { root } from '../course/catalogue.ts';
import { reasonOf } from '../course/folder.ts';
import { buildSite } from './typedoc.ts';

const [wanted] = process.argv.slice(2);
if (wanted === '--help' || wanted === '-h') {
  process.stdout.write('npm run docs   builds docs/site; npm test also checks its pages\n');
  process.exit();
} else if (wanted !== undefined) {
  process.stderr.write(`npm run docs takes no arguments, got "${wanted}"\n`);
  process.exit(2);
}

const out = join(root, 'docs/site');
process.stdout.write('building the site …\n');
const { pages, milliseconds, faults } = await buildSite({ out }).catch((error: unknown) => {
  if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
  process.stderr.write(`✘ The site could not be written: ${reasonOf(error)}.\n`);
  process.exit(1);
});
for (const fault of faults) process.stderr.write(`✘ ${fault}\n`);
if (faults.length > 0) {
  process.stderr.write(`\n✘ ${faults.length} faults; the site was not written\n`);
  process.exitCode = 1;
} else {
  const page = relative(process.cwd(), join(out, 'index.html'));
  process.stdout.write(`✔ ${pages} pages in ${(milliseconds / 1000).toFixed(1)} s: open ${page}\n`);
}
