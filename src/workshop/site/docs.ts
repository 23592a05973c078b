/** `npm run docs`: builds docs/site, or checks with `--check` that it could be built. */
import { join, relative } from 'node:path';
import { root } from '../course/catalogue.ts';
import { buildSite } from './typedoc.ts';

const [option, ...rest] = process.argv.slice(2);
if ((option !== undefined && option !== '--check') || rest.length > 0) {
  process.stderr.write(
    'npm run docs takes one option: --check builds nothing and reports faults\n',
  );
  process.exit(2);
}

const out = option === '--check' ? undefined : join(root, 'docs/site');
process.stdout.write(`${out ? 'Building' : 'Checking'} the site …\n`);
const { pages, milliseconds, faults } = await buildSite({ out });
for (const fault of faults) process.stderr.write(`✘ ${fault}\n`);
if (faults.length > 0) {
  process.stderr.write(`\n✘ ${faults.length} faults; the site was not written\n`);
  process.exitCode = 1;
} else {
  const where = out ? `: open ${relative(process.cwd(), join(out, 'index.html'))}` : ' are sound';
  process.stdout.write(`✔ ${pages} pages in ${(milliseconds / 1000).toFixed(1)} s${where}\n`);
}
