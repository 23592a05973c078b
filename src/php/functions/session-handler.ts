/** The class SessionHandler: PHP's own handler, to be extended. ext/session/mod_user_class.c. */

import type { SessionHandlerInterface, SessionIdInterface } from '../save-handler.ts';
import { PHP_SESSION_ACTIVE, type PhpRequest } from '../session/request.ts';
import type { SaveModule } from '../session/save-module.ts';
import { currentRequest, execute } from '../session/scope.ts';
import { textOrBytes } from '../zend/conversions.ts';

/** PS_SANITY_CHECK_IS_OPEN. */
function isParentOpen(request: PhpRequest): boolean {
  if (request.parentOpen) return true;
  request.warn('E_WARNING', 'Parent session handler is not open');
  return false;
}

async function asParent<Result>(
  method: string,
  body: (request: PhpRequest, module: SaveModule) => Promise<Result>,
): Promise<Result> {
  const request = currentRequest(`SessionHandler.${method}()`);
  // PS_SANITY_CHECK.
  if (request.status !== PHP_SESSION_ACTIVE) throw new Error('Session is not active');
  const module = request.defaultModule;
  if (!module) throw new Error('Cannot call default session handler');
  return await execute(request, `SessionHandler::${method}`, (each) => body(each, module));
}

/**
 * PHP's own handler as an object: extend it to change one thing and leave the rest to `files`.
 *
 * @see {@link https://php.net/class.sessionhandler | PHP's manual}; php-src
 *   ext/session/mod_user_class.c
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
    return await asParent('open', async (request, module) => {
      const isOpen = await module.open(request, path, name);
      if (isOpen) request.parentOpen = true;
      return isOpen;
    });
  }

  async close(): Promise<boolean> {
    return await asParent('close', async (request, module) => {
      if (!isParentOpen(request)) return false;
      request.parentOpen = false;
      return await module.close(request);
    });
  }

  async read(id: string): Promise<string | Uint8Array | false> {
    return await asParent('read', async (request, module) => {
      if (!isParentOpen(request)) return false;
      const data = await module.read(request, id);
      return data === undefined ? false : textOrBytes(data);
    });
  }

  async write(id: string, data: string | Uint8Array): Promise<boolean> {
    return await asParent('write', async (request, module) => {
      return isParentOpen(request) && (await module.write(request, id, Buffer.from(data)));
    });
  }

  async destroy(id: string): Promise<boolean> {
    return await asParent('destroy', async (request, module) => {
      return isParentOpen(request) && (await module.destroy(request, id));
    });
  }

  async gc(max_lifetime: number): Promise<number | boolean> {
    return await asParent('gc', async (request, module) => {
      if (!isParentOpen(request)) return false;
      const deleted = await module.gc(request, max_lifetime);
      // C's FAILURE is -1.
      return deleted === -1 ? false : deleted;
    });
  }

  async create_sid(): Promise<string> {
    return await asParent('create_sid', async (request, module) => {
      return (await module.createId(request)) ?? '';
    });
  }
}
