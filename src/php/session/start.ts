/** How a session begins. session.c L407–500 and L1611–1727. */

import { beforeNul } from '../zend/conversions.ts';
import { limitCache } from './cache-limiter.ts';
import { sendCookie } from './cookie.ts';
import { decodeVariables } from './decode.ts';
import { abortSession } from './finish.ts';
import { createId, isDangerousId } from './identifiers.ts';
import { PHP_SESSION_ACTIVE, PHP_SESSION_NONE, type PhpRequest, type Place } from './request.ts';
import { trackVariables } from './variables.ts';

/** php_session_gc(), session.c L386: by chance, or at once. */
export async function collectGarbage(request: PhpRequest, immediately: boolean): Promise<number> {
  if (!request.isOpen) return -1;
  const { settings } = request;
  const probability = settings.get('gc_probability');
  const collect =
    immediately ||
    (probability > 0 && request.randomInt(Math.max(1, settings.get('gc_divisor'))) < probability);
  return collect ? await request.module.gc(request, settings.get('gc_maxlifetime')) : -1;
}

/** php_session_reset_id(), session.c L1526: the cookie, and SID. */
export function announceId(request: PhpRequest): boolean {
  const { settings } = request;
  if (request.id === undefined) {
    request.warn('E_WARNING', 'Cannot set session ID - session ID is not initialized');
    return false;
  }
  if (settings.get('use_cookies') && request.sendCookie) {
    if (!sendCookie(request) && request.version >= '8.5') return false;
    request.sendCookie = false;
  }
  const id = request.version >= '8.5' ? request.id : beforeNul(request.id);
  request.sid = request.defineSid ? `${settings.get('name')}=${id}` : '';
  return true;
}

/** php_session_initialize(), session.c L407. */
export async function initialize(request: PhpRequest, startedAt?: Place): Promise<boolean> {
  const { settings } = request;
  const path = (): string => settings.get('save_path');
  request.status = PHP_SESSION_ACTIVE;

  if (!(await request.module.open(request, path(), settings.get('name')))) {
    await abortSession(request);
    if (!request.exception) {
      const text = `Failed to initialize storage module: ${request.module.name} (path: ${path()})`;
      request.warn('E_WARNING', text);
    }
    return false;
  }

  if (request.id === undefined || request.id === '' || request.id.startsWith('\0')) {
    request.id = undefined;
    request.id = await request.module.createId(request);
    if (request.id === undefined) {
      await abortSession(request);
      if (!request.exception) {
        const text = `Failed to create session ID: ${request.module.name} (path: ${path()})`;
        request.throwLater(new Error(text));
      }
      return false;
    }
    if (settings.get('use_cookies')) request.sendCookie = true;
  } else if (
    settings.get('use_strict_mode') &&
    !(await request.module.validateId(request, request.id))
  ) {
    request.id = undefined;
    request.id =
      (await request.module.createId(request)) ??
      createId(
        settings.get('sid_length'),
        settings.get('sid_bits_per_character'),
        request.randomBytes,
      );
    if (settings.get('use_cookies')) request.sendCookie = true;
  }

  if (!announceId(request)) {
    await abortSession(request);
    return false;
  }

  trackVariables(request);
  const data = await request.module.read(request, request.id);
  if (data === undefined) {
    await abortSession(request);
    if (!request.exception) {
      request.warn(
        'E_WARNING',
        `Failed to read session data: ${request.module.name} (path: ${path()})`,
      );
    }
    return false;
  }

  await collectGarbage(request, false);

  request.readData = settings.get('lazy_write') ? data : undefined;
  await decodeVariables(request, data);
  request.startedAt = startedAt;
  return true;
}

/** The id that the client sent, wherever it may be taken from. session.c L1650–1700. */
function findId(request: PhpRequest): string | undefined {
  const { input, settings } = request;
  const name = settings.get('name');
  let id: string | undefined;
  const take = (sent: string | false | undefined): void => {
    if (sent === undefined) return;
    id = sent === false ? undefined : sent;
    request.sendCookie = sent === false;
  };
  if (settings.get('use_cookies')) {
    const sent = input.cookie(name);
    take(sent);
    if (sent !== undefined) {
      request.sendCookie = false;
      request.defineSid = false;
    }
  }
  if (!settings.get('use_only_cookies')) {
    if (id === undefined) take(input.query(name));
    if (id === undefined) take(input.form(name));
    const check = settings.get('referer_check');
    if (check !== '' && input.referer && !input.referer.includes(check)) id = undefined;
  }
  return id;
}

/** php_session_start(), session.c L1611. */
export async function startSession(request: PhpRequest, startedAt?: Place): Promise<boolean> {
  const { settings } = request;
  if (request.status === PHP_SESSION_ACTIVE) {
    const text = 'Ignoring session_start() because a session has already been started';
    request.warnStarted('E_NOTICE', text);
    return false;
  }
  request.defineSid = !settings.get('use_only_cookies');
  request.sendCookie = settings.get('use_cookies') || settings.get('use_only_cookies');
  if (request.id === undefined) request.id = findId(request);
  if (request.id !== undefined && isDangerousId(request.id)) request.id = undefined;

  if ((await initialize(request, startedAt)) && (await limitCache(request))) return true;
  request.status = PHP_SESSION_NONE;
  request.id = undefined;
  return false;
}
