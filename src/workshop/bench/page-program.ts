/** The process behind `serve({ apart: true })`: one counter page, as long as its input is open. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { counterPage } from './counter.ts';
import type { PageOrder } from './serve-apart.ts';
import { loadSubject } from './subject.ts';

const { classFile, settings } = JSON.parse(process.argv[2] ?? '') as PageOrder;
const server = createServer(counterPage(await loadSubject(classFile, 0), { settings }));
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
// Connections that the class left open must not keep it alive, so it does not wait for them.
process.stdin.resume().once('close', () => process.exit());
