/** How a session ends: saved, given up, destroyed, or by the end of its request. session.c L502–558. */
import { PHP_SESSION_ACTIVE, PHP_SESSION_NONE, type PhpRequest } from './request.ts';
import { execute } from './scope.ts';
import { encodeVariables, savedVariables } from './variables.ts';

/** php_session_save_current_state(), session.c L502. */
async function saveCurrentState(request: PhpRequest): Promise<void> {
  const { settings } = request;
  const handlerClass = request.handlerClass;
  let callback = 'write';
  let saved = false;
  if (request.isOpen) {
    const data = encodeOrKeepError(request);
    const isUnchanged =
      settings.get('lazy_write') && data !== undefined && request.readData?.equals(data);
    if (request.exception) {
      // Nothing half-written: what could not be encoded is reported by its own error.
    } else if (data !== undefined && isUnchanged) {
      saved = await request.module.updateTimestamp(request, request.id ?? '', data);
      callback = handlerClass === undefined ? 'update_timestamp' : 'updateTimestamp';
    } else {
      saved = await request.module.write(request, request.id ?? '', data ?? Buffer.alloc(0));
    }
  }
  if (saved || request.exception) return;
  const path = settings.get('save_path');
  if (!request.userHandlerOpen) {
    request.warn(
      'E_WARNING',
      `Failed to write session data (${request.module.name}). Please verify that the current setting of ` +
        `session.save_path is correct (${path})`,
    );
    return;
  }
  const handler = handlerClass === undefined ? callback : `${handlerClass}::${callback}`;
  request.warn(
    'E_WARNING',
    'Failed to write session data using user defined save handler. ' +
      `(session.save_path: ${path}, handler: ${handler})`,
  );
}

function encodeOrKeepError(request: PhpRequest): Buffer | undefined {
  try {
    return encodeVariables(request);
  } catch (error) {
    if (request.bailsOut) throw error;
    request.exception = { error };
    return undefined;
  }
}

/** php_session_flush(), session.c L1729. */
export async function flushSession(request: PhpRequest, write: boolean): Promise<boolean> {
  if (request.status !== PHP_SESSION_ACTIVE) return false;
  if (write && savedVariables(request)) await saveCurrentState(request);
  if (request.isOpen) await request.module.close(request);
  request.status = PHP_SESSION_NONE;
  return true;
}

/** php_session_abort(), session.c L1744. */
export async function abortSession(request: PhpRequest): Promise<boolean> {
  if (request.status !== PHP_SESSION_ACTIVE) return false;
  if (request.isOpen) await request.module.close(request);
  request.status = PHP_SESSION_NONE;
  return true;
}

/** php_rshutdown_session_globals(), session.c L137: forgets the session, keeps the handlers. */
async function forgetSession(request: PhpRequest): Promise<void> {
  request.tracked = false;
  if (request.isOpen) await request.module.close(request);
  request.id = undefined;
  request.readData = undefined;
  request.handlerClass = undefined;
  request.startedAt = undefined;
  request.status = PHP_SESSION_NONE;
}

/**
 * Closes the file of a parent handler whose child did not close it. PHP forgets it, open and locked
 * until its process ends; here that would be for as long as the server runs.
 */
async function closeLeftFile(request: PhpRequest): Promise<void> {
  if (request.moduleData !== undefined) await request.modules.files.close(request);
}

/** php_session_destroy(), session.c L160. */
export async function destroySession(request: PhpRequest): Promise<boolean> {
  if (request.status !== PHP_SESSION_ACTIVE) {
    request.warn('E_WARNING', 'Trying to destroy uninitialized session');
    return false;
  }
  const { id } = request;
  const destroyed = id === undefined || (await request.module.destroy(request, id));
  if (!destroyed && !request.exception) {
    request.warn('E_WARNING', 'Session object destruction failed');
  }
  await forgetSession(request);
  // php_rinit_session_globals()
  request.inSaveHandler = false;
  await closeLeftFile(request);
  request.parentOpen = false;
  request.defineSid = true;
  return destroyed;
}

/**
 * The end of a request: shutdown functions, then the module's own RSHUTDOWN (session.c L2925).
 *
 * @param request - The request.
 * @param reason - Why nothing that is assigned later will be saved.
 * @throws The first error that a shutdown function or a save handler threw.
 */
export async function endRequest(request: PhpRequest, reason: string): Promise<void> {
  const errors: unknown[] = [];
  request.hasLeftMain = true;
  try {
    for (const [key, shutdownFunction] of request.shutdownFunctions) {
      request.shutdownFunctions.delete(key);
      await shutdownFunction();
    }
  } catch (error) {
    // As in PHP, an uncaught exception ends the shutdown functions, not the module's shutdown.
    errors.push(error);
  }
  request.committed = reason;
  request.hasLeftProgram = true;
  try {
    await execute(request, 'PHP Request Shutdown', async () => {
      await flushSession(request, true);
    });
  } catch (error) {
    errors.push(error);
  }
  try {
    await execute(request, 'PHP Request Shutdown', async () => {
      request.tracked = false;
      if (request.isOpen) await request.module.close(request);
      request.startedAt = undefined;
    });
  } catch (error) {
    errors.push(error);
  }
  await closeLeftFile(request);
  request.hasLeftProgram = false;
  request.inSaveHandler = false;
  if (errors.length > 0) throw errors[0];
}
