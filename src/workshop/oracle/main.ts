/** `npm run oracle`: the same requests to PHP and to the port, side by side. */
import { exitCodeOf, progress, readOptions } from '../machine/command.ts';
import { withServer } from '../machine/database/with-server.ts';
import { makeVisits, openTwins, type Step, type TwinRow } from './twins.ts';

const HELP = `npm run oracle [-- --json]

Sends the same requests to the article's repaired class, in a real PHP, and to the port of
lesson 5, on the same table. The exit code is 0 when they agree, 1 when they differ, and 2 for an
invalid command line.`;

interface Outcome {
  steps: Step[];
  rows: TwinRow[];
}

process.exitCode = await exitCodeOf(main);

async function main(): Promise<number> {
  const { values } = readOptions('npm run oracle', {
    options: { help: { type: 'boolean', short: 'h' }, json: { type: 'boolean' } },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  return await withServer({ progress }, async (server) => {
    const twins = await openTwins(server, progress);
    const php: Outcome = { steps: await makeVisits(twins.askPhp), rows: await twins.rows() };
    await twins.empty();
    const port: Outcome = { steps: await makeVisits(twins.askPort), rows: await twins.rows() };
    await twins.close();
    const agree = JSON.stringify(php) === JSON.stringify(port);
    if (values.json) console.log(JSON.stringify({ version: twins.version, agree, php, port }));
    else print(twins.version, php, port, agree);
    return agree ? 0 : 1;
  });
}

function print(version: string, php: Outcome, port: Outcome, agree: boolean): void {
  console.log(`PHP ${version} and the port got the same requests:\n`);
  php.steps.forEach((step, index) => {
    const other = port.steps[index];
    console.log(`${index + 1}. Cookie: ${step.cookie ?? '(none)'}`);
    compare('body', step.body, other?.body);
    compare(
      'Set-Cookie',
      step.setCookie.join('\n') || '(none)',
      other?.setCookie.join('\n') || '(none)',
    );
  });
  console.log('\nThen the table contained:');
  const length = Math.max(php.rows.length, port.rows.length);
  for (let row = 0; row < length; row++) {
    compare('row', describe(php.rows[row]), describe(port.rows[row]));
  }
  console.log(agree ? '\n✔ no difference' : '\n✘ they differ in the lines marked ✘');
}

function compare(what: string, php: string, port: string | undefined): void {
  if (php === port) console.log(`   ✔ ${what}: ${php}`);
  else console.log(`   ✘ ${what}\n     PHP:  ${php}\n     port: ${port}`);
}

function describe(row: TwinRow | undefined): string {
  return row ? `${row.id} | ${row.d} | written ${row.minutesOld} minutes ago` : '(none)';
}
