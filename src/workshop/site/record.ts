/** Records two visits to the counter page: every callback and statement, as they happen. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { type IncomingMessage, request as sendRequest } from 'node:http';
import { join } from 'node:path';
import { root } from '../course/catalogue.ts';
import type { Message } from '../sandbox/messages.ts';

/** One visit: what the browser sent, what happened, what it got. */
export interface Visit {
  cookie: string | undefined;
  messages: Message[];
  status: number;
  setCookie: string | undefined;
  body: string;
}

/**
 * Serves the page by the class of a condition, in the process in which the lab plays it, and
 * visits it twice with one browser.
 *
 * @param condition `lesson-05`.
 * @param databaseUrl A schema with the lesson's empty table.
 * @returns The first visit and the next.
 */
export async function recordVisits(condition: string, databaseUrl: string): Promise<Visit[]> {
  const messages: Message[] = [];
  const complaints: string[] = [];
  const child = fork(join(root, 'src/workshop/sandbox/play.ts'), {
    execArgv: ['-C', condition, '--import', 'tsx'],
    env: { ...process.env, DATABASE_URL: databaseUrl },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  child.stderr?.on('data', (text: Buffer) => complaints.push(text.toString()));
  child.on('message', (message: Message) => messages.push(message));
  try {
    const port = await listening(child, messages, complaints);
    const first = await visit(port, undefined, child, messages);
    const cookie = first.setCookie?.split(';', 1)[0];
    return [first, await visit(port, cookie, child, messages)];
  } finally {
    if (child.exitCode === null) {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
  }
}

async function listening(
  child: ChildProcess,
  messages: Message[],
  complaints: string[],
): Promise<number> {
  const exited = once(child, 'exit').then(() => 'exit');
  for (;;) {
    const found = messages.find((message) => message.type === 'listening');
    if (found?.type === 'listening') return found.port;
    if ((await Promise.race([once(child, 'message'), exited])) === 'exit') {
      throw new Error(`the counter page ended before it listened: ${complaints.join('').trim()}`);
    }
  }
}

async function visit(
  port: number,
  cookie: string | undefined,
  child: ChildProcess,
  messages: Message[],
): Promise<Visit> {
  const before = messages.length;
  const answered = new Promise<{ response: IncomingMessage; body: string }>((resolve, reject) => {
    const headers = cookie ? { Cookie: cookie } : {};
    sendRequest({ host: '127.0.0.1', port, path: '/', headers, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => resolve({ response, body }));
    })
      .on('error', reject)
      .end();
  });
  const { response, body } = await answered;
  while (!messages.slice(before).some((message) => message.type === 'response')) {
    await once(child, 'message');
  }
  return {
    cookie,
    messages: messages.slice(before),
    status: response.statusCode ?? 0,
    setCookie: response.headers['set-cookie']?.[0],
    body: body.trim(),
  };
}
