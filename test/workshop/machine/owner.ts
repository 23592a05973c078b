/** A program with a database server, for tests that kill it. Lives until a signal comes. */
import { obtainServer } from '../../../src/workshop/machine/database/server.ts';

try {
  const server = await obtainServer({
    progress: (line) => console.log(`progress ${line}`),
    share: process.env['SHARE'] === 'yes',
    borrow: process.env['BORROW'] === 'yes',
  });
  server.onChange((state) => console.log(state));
  const schema = await server.createSchema('owner');
  console.log(`server ${server.url} ${schema.name}`);
  setInterval(() => {}, 60_000);
} catch (error) {
  console.log(`failed ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
