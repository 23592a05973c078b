/**
 * The counter of lesson 1, with the article's class behind it. DATABASE_URL says where the table is.
 * Serve it with: node --import tsx lessons/05-a-request-around-it/counter.ts
 */
import { createServer, type RequestListener } from 'node:http';
import { pathToFileURL } from 'node:url';
import { $_SESSION, session_start } from '#php';
import { withPhpSession } from '../../src/adapters/node.ts';
import { Sessions } from './sessions.ts';

/** A page that counts one visitor's visits. */
export const counter: RequestListener = withPhpSession(async (_request, response) => {
  Sessions.initCallbacks();
  await session_start();
  const count = Number($_SESSION['count'] ?? 0) + 1;
  $_SESSION['count'] = count;
  response.setHeader('Content-Type', 'text/html; charset=UTF-8');
  response.end(`<p>Count: ${count}</p>\n`);
});

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const server = createServer(counter).listen(4171, '127.0.0.1', () => {
    console.log('counting at http://127.0.0.1:4171/ (Ctrl-C ends it)');
  });
  server.on('error', (error) => {
    console.error(`The counter cannot listen on port 4171: ${error.message}`);
    process.exitCode = 1;
  });
}
