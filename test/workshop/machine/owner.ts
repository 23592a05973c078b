/** A program with a database server or a cluster, for tests that kill it. Lives until a signal comes. */
import { obtainServer } from '../../../src/workshop/machine/database/server.ts';

const progress = (line: string): void => console.log(`progress ${line}`);

async function startCluster(): Promise<void> {
  const { GaleraCluster } = await import('../../../src/workshop/machine/galera/cluster.ts');
  const { obtainGalera } = await import('../../../src/workshop/machine/galera/program.ts');
  const program = await obtainGalera({ progress });
  if ('reason' in program) throw new Error(program.reason);
  await GaleraCluster.start(program, { progress });
}

/** As a file of a lesson's tests does. */
async function askForCluster(): Promise<void> {
  const { openCluster } = await import('../../../src/workshop/bench/cluster.ts');
  await openCluster('SELECT 1', () => {});
}

async function startServer(): Promise<void> {
  const server = await obtainServer({
    progress,
    share: process.env['SHARE'] === 'yes',
    borrow: process.env['BORROW'] === 'yes',
  });
  server.onChange((state) => console.log(state));
  const schema = await server.createSchema('owner');
  console.log(`server ${server.url} ${schema.name}`);
}

try {
  const { CLUSTER: cluster } = process.env;
  await (cluster === 'yes'
    ? startCluster()
    : cluster === 'asked'
      ? askForCluster()
      : startServer());
  setInterval(() => {}, 60_000);
} catch (error) {
  const { code = 'failed', message } = error as { code?: string; message: string };
  console.log(`${code} ${message}`);
  process.exitCode = 1;
}
