/** The class SessionHandler: PHP's own handler, to be extended. ext/session/mod_user_class.c. */

import { type Awaitable, inSteps, ready, type Steps } from '../awaitable.ts';
import type { OpenHandler } from '../handlers/save-module.ts';
import type { SessionHandlerInterface, SessionIdInterface, Success } from '../save-handler.ts';
import { execute } from '../session/calls.ts';
import { createId } from '../session/identifiers.ts';
import type { PhpRequest } from '../session/request.ts';
import { currentRequest } from '../session/scope.ts';
import { type Parameter, type Parsed, parseArguments } from '../zend/arguments.ts';
import { textOrBytes } from '../zend/conversions.ts';
import type { Reporter } from '../zend/reporter.ts';

type Arguments<Specs extends readonly Parameter[]> = {
  -readonly [At in keyof Specs]: Exclude<Parsed<Specs>[At], undefined>;
};

/** PS_SANITY_CHECK: reads a method's arguments, then runs it on the active session. */
async function asParent<const Specs extends readonly Parameter[], Result>(
  method: string,
  values: readonly unknown[],
  parameters: Specs,
  body: (request: PhpRequest, ...values: Arguments<Specs>) => Awaitable<Result>,
): Promise<Result> {
  const request = currentRequest(`SessionHandler.${method}()`);
  const work = (): Steps<Result> => {
    // As many are required as there are: none of them is undefined.
    const least = parameters.length;
    const parsed = parseArguments(request.reporter, values, least, ...parameters);
    const { isActive, storage } = request.session;
    if (!isActive) throw new Error('Session is not active');
    if (!storage.hasParentModule) throw new Error('Cannot call default session handler');
    return ready(body(request, ...(parsed as Arguments<Specs>)));
  };
  return await inSteps(execute(request, `SessionHandler::${method}`, work));
}

/** PS_SANITY_CHECK_IS_OPEN: runs a method of the parent handler; false if the parent is not open. */
async function onParent<const Specs extends readonly Parameter[], Result>(
  method: string,
  values: readonly unknown[],
  parameters: Specs,
  body: (parent: OpenHandler, ...values: Arguments<Specs>) => Awaitable<Result>,
): Promise<Result | false> {
  return await asParent(method, values, parameters, async ({ session, reporter }, ...parsed) => {
    const { parent } = session.storage;
    return parent ? await body(parent, ...parsed) : warnOfClosed(reporter);
  });
}

function warnOfClosed(reporter: Reporter): false {
  reporter.warn('E_WARNING', 'Parent session handler is not open');
  return false;
}

/**
 * PHP's own handler as an object: extend it to change one thing and leave the rest to `files`.
 *
 * Its methods throw Error while no session is active, or while another handler than PHP's own was set
 * before this one. Without an `open()`, all but `create_sid()` and `validateId()` warn and return false.
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
  open(path: string, name: string): Promise<boolean>;
  async open(...values: unknown[]): Promise<boolean> {
    return await asParent(
      'open',
      values,
      ['string $path', 'string $name'],
      ({ session }, path, name) => session.storage.openParent(path, name),
    );
  }

  close(): Promise<boolean>;
  async close(...values: unknown[]): Promise<boolean> {
    return await asParent('close', [], [], async ({ reporter, session: { storage } }) => {
      // A wrong call closes as well, as in PHP: an open parent holds a lock.
      const isClosed = storage.parent && (await storage.closeParent());
      parseArguments(reporter, values, 0);
      return isClosed ?? warnOfClosed(reporter);
    });
  }

  read(id: string): Promise<string | Uint8Array | false>;
  async read(...values: unknown[]): Promise<string | Uint8Array | false> {
    return await onParent('read', values, ['string $id'], async (parent, id) => {
      const data = await parent.read(id);
      return data === undefined ? false : textOrBytes(data);
    });
  }

  write(id: string, data: string | Uint8Array): Promise<boolean>;
  async write(...values: unknown[]): Promise<boolean> {
    return await onParent('write', values, ['string $id', 'bytes $data'], (parent, id, data) =>
      parent.write(id, data),
    );
  }

  destroy(id: string): Promise<boolean>;
  async destroy(...values: unknown[]): Promise<boolean> {
    return await onParent('destroy', values, ['string $id'], (parent, id) => parent.destroy(id));
  }

  gc(max_lifetime: number): Promise<number | boolean>;
  async gc(...values: unknown[]): Promise<number | boolean> {
    return await onParent('gc', values, ['int $max_lifetime'], async (parent, lifetime) => {
      const deleted = await parent.gc(Number(lifetime));
      // C's FAILURE is -1.
      return deleted === -1 ? false : deleted;
    });
  }

  create_sid(): Promise<string>;
  async create_sid(...values: unknown[]): Promise<string> {
    return await asParent('create_sid', values, [], async (request) => {
      const { parent, unopenedParent } = request.session.storage;
      const handler = parent ?? (request.version < '8.6' ? unopenedParent : undefined);
      if (handler) return (await handler.createId()) ?? '';
      if (request.version >= '8.6') {
        const text = 'Parent session handler is not open, defaulting to session_create_id()';
        request.reporter.warn('E_WARNING', text);
      }
      return createId(request);
    });
  }

  /**
   * Checks whether a session exists, from PHP 8.6 on; before, a subclass accepts every id that it does
   * not check by itself.
   *
   * @param id - The id that a client sent, or a new id.
   * @returns true if the session has a file, and for a subclass whose open() does not call this
   *   class's.
   * @throws Error before PHP 8.6, whose class has no such method.
   */
  validateId(id: string): Success;
  validateId(...values: unknown[]): Success {
    const { version } = currentRequest('SessionHandler.validateId()');
    if (version < '8.6') {
      throw new Error('Call to undefined method SessionHandler::validateId()');
    }
    return asParent('validateId', values, ['string $id'], ({ session }, id) => {
      return session.storage.parent?.validateId(id) ?? true;
    });
  }
}
