/** A new id for a running session. session.c L2354–2467. */
import { PHP_SESSION_NONE, type PhpRequest } from './request.ts';
import { announceId } from './start.ts';
import { encodeVariables } from './variables.ts';

/** Whether ids are checked: the files handler always can, a user handler with the callback. */
export function canValidateIds(request: PhpRequest): boolean {
  return request.module.name === 'files' || request.callbacks.validate_sid !== undefined;
}

async function giveUp(request: PhpRequest): Promise<void> {
  await request.module.close(request);
  request.status = PHP_SESSION_NONE;
}

/** Takes leave of the old session: destroyed, or written as it is now. */
async function leaveOld(request: PhpRequest, deleteOld: boolean): Promise<boolean> {
  const path = request.settings.get('save_path');
  if (deleteOld) {
    if (await request.module.destroy(request, request.id ?? '')) return true;
    await giveUp(request);
    if (!request.exception) {
      const text = `Session object destruction failed. ID: ${request.module.name} (path: ${path})`;
      request.warn('E_WARNING', text);
    }
    return false;
  }
  const data = encodeVariables(request) ?? Buffer.alloc(0);
  if (await request.module.write(request, request.id ?? '', data)) return true;
  await giveUp(request);
  request.warn('E_WARNING', `Session write failed. ID: ${request.module.name} (path: ${path})`);
  return false;
}

function fail(request: PhpRequest, reason: string): false {
  request.status = PHP_SESSION_NONE;
  if (!request.exception) {
    const path = request.settings.get('save_path');
    request.throwLater(new Error(`${reason}: ${request.module.name} (path: ${path})`));
  }
  return false;
}

/** In strict mode, asks for another id while the new one is taken; three times at most. */
async function avoidCollision(request: PhpRequest): Promise<boolean> {
  if (!request.settings.get('use_strict_mode') || !canValidateIds(request)) return true;
  for (let tries = 3; tries > 0; tries -= 1) {
    if (!(await request.module.validateId(request, request.id ?? ''))) return true;
    request.id = await request.module.createId(request);
    if (request.id === undefined) {
      await request.module.close(request);
      return fail(request, 'Failed to create session ID by collision');
    }
  }
  return true;
}

/**
 * session_regenerate_id(), once it is clear that a session is active and headers may be sent.
 *
 * @param request - The request.
 * @param deleteOld - Whether the old session is destroyed.
 * @returns PHP's answer.
 */
export async function regenerate(request: PhpRequest, deleteOld: boolean): Promise<boolean> {
  const { settings } = request;
  if (!(await leaveOld(request, deleteOld))) return false;
  await request.module.close(request);

  request.readData = undefined;
  request.id = undefined;
  if (!(await request.module.open(request, settings.get('save_path'), settings.get('name')))) {
    return fail(request, 'Failed to open session');
  }
  request.id = await request.module.createId(request);
  if (request.id === undefined) return fail(request, 'Failed to create new session ID');
  if (!(await avoidCollision(request))) return false;
  if ((await request.module.read(request, request.id)) === undefined) {
    await request.module.close(request);
    return fail(request, 'Failed to create(read) session ID');
  }
  if (settings.get('use_cookies')) request.sendCookie = true;
  return announceId(request);
}
