/** The process behind `serve({ apart: true })`: one counter page, as long as its input is open. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { counterPage } from './counter.ts';
import { loadClass } from './load-class.ts';

/** The program's one argument, in JSON. */
export interface PageOrder {
  /** Absolute path of the class's file. */
  classFile: string;
  /** PHP's settings. */
  settings: Record<string, string>;
}

const { classFile, settings } = JSON.parse(process.argv[2] ?? '') as PageOrder;
const server = createServer(counterPage(await loadClass(classFile, 0), { settings }));
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
// Connections that the class left open must not keep it alive, so it does not wait for them.
process.stdin.resume().once('close', () => process.exit());
