/** The class SessionHandler: PHP's own handler, to be extended. ext/session/mod_user_class.c. */

import { type Awaitable, inSteps, ready, type Steps } from '../awaitable.ts';
import type { OpenHandler } from '../handlers/save-module.ts';
import type { Storage } from '../handlers/storage.ts';
import type { SessionHandlerInterface, SessionIdInterface, Success } from '../save-handler.ts';
import { execute } from '../session/calls.ts';
import { createId } from '../session/identifiers.ts';
import type { PhpRequest } from '../session/request.ts';
import { currentRequest } from '../session/scope.ts';
import type { Session } from '../session/session.ts';
import { textOrBytes } from '../zend/conversions.ts';

/** PS_SANITY_CHECK: runs a method on the active session. */
async function asParent<Result>(
  method: string,
  body: (session: Session, request: PhpRequest) => Awaitable<Result>,
): Promise<Result> {
  const request = currentRequest(`SessionHandler.${method}()`);
  const { session } = request;
  if (!session.isActive) throw new Error('Session is not active');
  if (!session.storage.hasParentModule) throw new Error('Cannot call default session handler');
  const work = (): Steps<Result> => ready(body(session, request));
  return await inSteps(execute(request, `SessionHandler::${method}`, work));
}

/** PS_SANITY_CHECK_IS_OPEN: runs a method of the parent handler; false if the parent is not open. */
async function onParent<Result>(
  method: string,
  body: (parent: OpenHandler, storage: Storage) => Awaitable<Result>,
): Promise<Result | false> {
  const { reporter } = currentRequest(`SessionHandler.${method}()`);
  return await asParent(method, async ({ storage }) => {
    if (storage.parent) return await body(storage.parent, storage);
    reporter.warn('E_WARNING', 'Parent session handler is not open');
    return false;
  });
}

/**
 * PHP's own handler as an object: extend it to change one thing and leave the rest to `files`.
 *
 * @see {@link https://php.net/class.sessionhandler | PHP's manual}
 * @example
 * class Encoded extends SessionHandler {
 *   override async read(id: string) {
 *     const data = await super.read(id);
 *     return data && Buffer.from(String(data), 'base64').toString();
 *   }
 *   override async write(id: string, data: string) {
 *     return await super.write(id, Buffer.from(data).toString('base64'));
 *   }
 * }
 * session_set_save_handler(new Encoded()); // true
 * await session_start();
 * $_SESSION['count'] = 3;
 * await session_write_close();
 * await session_start();
 * $_SESSION['count']; // 3
 */
export class SessionHandler implements SessionHandlerInterface, SessionIdInterface {
  async open(path: string, name: string): Promise<boolean> {
    return await asParent('open', ({ storage }) => storage.openParent(path, name));
  }

  async close(): Promise<boolean> {
    return await onParent('close', (_parent, storage) => storage.closeParent());
  }

  async read(id: string): Promise<string | Uint8Array | false> {
    return await onParent('read', async (parent) => {
      const data = await parent.read(id);
      return data === undefined ? false : textOrBytes(data);
    });
  }

  async write(id: string, data: string | Uint8Array): Promise<boolean> {
    return await onParent('write', (parent) => parent.write(id, Buffer.from(data)));
  }

  async destroy(id: string): Promise<boolean> {
    return await onParent('destroy', (parent) => parent.destroy(id));
  }

  async gc(max_lifetime: number): Promise<number | boolean> {
    return await onParent('gc', async (parent) => {
      const deleted = await parent.gc(max_lifetime);
      // C's FAILURE is -1.
      return deleted === -1 ? false : deleted;
    });
  }

  async create_sid(): Promise<string> {
    return await asParent('create_sid', async ({ storage }, request) => {
      const { parent } = storage;
      return parent ? ((await parent.createId()) ?? '') : createId(request);
    });
  }

  /** From PHP 8.6 on; before, a subclass accepts every id that it does not check by itself. */
  validateId(id: string): Success {
    const { version } = currentRequest('SessionHandler.validateId()');
    if (version < '8.6') {
      throw new Error('Call to undefined method SessionHandler::validateId()');
    }
    return onParent('validateId', (parent) => parent.validateId(id));
  }
}
