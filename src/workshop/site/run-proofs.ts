/**
 * Runs the tests that the store's requirements name, and stores their results for the page. With
 * `--file PATH` it runs one test file, and keeps the stored results of the others.
 */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { root } from '../course/catalogue.ts';
import { obtainServer } from '../machine/database/server.ts';
import { offerCluster } from '../machine/galera/host.ts';
import { stripTypes } from '../machine/program.ts';
import { type ProofRun, readProofs } from './proofs.ts';
import { FAULTS } from './requirements-faults.ts';
import { SECURITY } from './requirements-security.ts';

const { values } = parseArgs({
  options: { save: { type: 'string' }, file: { type: 'string' } },
});
const proofs = [...FAULTS, ...SECURITY].flatMap((each) => each.proofs);
const unique = [...new Map(proofs.map((each) => [`${each.file}\0${each.test}`, each])).values()];

const server = await obtainServer({ progress: (line) => console.log(line) });
const outcomes: { file: string; name: string; passed: boolean }[] = [];
try {
  for (const file of new Set(unique.map((each) => each.file))) {
    if (file === (values.file ?? file)) await run(file);
  }
} finally {
  await server.close();
}
const before = values.file === undefined ? [] : readProofs().results;
const results = unique.map(({ file, test }) => {
  const stored = before.find((each) => each.file === file && each.test === test);
  if (stored !== undefined && file !== values.file) return stored;
  const own = outcomes.filter((each) => each.file === file && each.name.includes(test));
  const passed = own.filter((each) => each.passed).length;
  return { file, test, passed, failed: own.length - passed };
});
for (const { file, test, passed, failed } of results) {
  if (failed > 0 || passed === 0) {
    console.error(`✘ ${file}: ${test}: ${passed} passed, ${failed} failed`);
    process.exitCode = 1;
  }
}
const kept: ProofRun = {
  date: new Date().toISOString().slice(0, 10),
  node: process.versions.node,
  database: `MariaDB ${server.version}`,
  results,
};
if (values.save) writeFileSync(join(root, values.save), `${JSON.stringify(kept, undefined, 2)}\n`);
// The cluster's process would keep this one alive until it is idle for a while.
process.exit();

/** Runs one file; its tests' lines are TAP's. */
async function run(file: string): Promise<void> {
  const child = spawn(
    process.execPath,
    [...stripTypes, '--test', '--test-reporter=tap', join(root, file)],
    {
      cwd: root,
      env: {
        ...process.env,
        WORKSHOP_DATABASE: server.url,
        WORKSHOP_CLUSTER: await offerCluster(),
        DATABASE_URL: undefined,
        NODE_TEST_CONTEXT: undefined,
      },
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  for await (const line of createInterface(child.stdout)) {
    const [, verdict, name = ''] = /^(not ok|ok) \d+ - (.*)$/.exec(line) ?? [];
    if (verdict === undefined || name.endsWith(file)) continue;
    outcomes.push({ file, name: name.replaceAll('\\#', '#'), passed: verdict === 'ok' });
  }
  console.log(`${file}: ${outcomes.filter((each) => each.file === file).length} tests`);
}
