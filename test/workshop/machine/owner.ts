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
  await (process.env['CLUSTER'] === 'yes' ? startCluster() : startServer());
  setInterval(() => {}, 60_000);
} catch (error) {
  console.log(`failed ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
