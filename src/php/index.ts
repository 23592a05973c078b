/**
 * PHP's session extension by PHP's own names: functions, constants, interfaces, `$_SESSION`.
 *
 * Everything belongs to the running request, which `withPhpSession()` of `phpsessid/node` or
 * {@link withPhpRequest} opens; elsewhere the functions throw {@link PhpScopeError}. Functions that
 * can call a save handler are async and throw what the handler throws; all others are synchronous.
 * PHP's warnings go to the request's `onMessage`. PHP's exceptions are thrown: `TypeError`,
 * {@link PhpArgumentCountError}, {@link PhpValueError}.
 *
 * The behaviour is that of php-src in release 8.4, or in 8.2, 8.3, 8.5 or 8.6 where
 * {@link PhpOptions.version} says so. Line numbers in the sources (`session.c L1611`) are those of
 * `ext/session` in the tag php-8.4.14.
 *
 * @module php
 */
export type { PhpVersion } from '../serialize/index.ts';
export type { Awaitable } from './awaitable.ts';
export { type PhpSessionFunctions, phpSessionOf } from './functions/bound.ts';
export {
  type CookieParamOptions,
  type SessionCookieParams,
  session_get_cookie_params,
  session_set_cookie_params,
} from './functions/cookie-params.ts';
export {
  session_abort,
  session_commit,
  session_create_id,
  session_decode,
  session_destroy,
  session_gc,
  session_regenerate_id,
  session_reset,
  session_start,
  session_write_close,
} from './functions/lifecycle.ts';
export { SessionHandler } from './functions/session-handler.ts';
export { session_set_save_handler } from './functions/set-save-handler.ts';
export {
  ini_get,
  ini_set,
  session_cache_expire,
  session_cache_limiter,
  session_module_name,
  session_name,
  session_save_path,
} from './functions/settings.ts';
export {
  $_SESSION,
  type PhpSession,
  sessionVariables,
  setSessionVariables,
} from './functions/superglobal.ts';
export {
  register_shutdown_function,
  SID,
  session_encode,
  session_id,
  session_register_shutdown,
  session_status,
  session_unset,
} from './functions/values.ts';
export { withPhpRequest } from './functions/with-request.ts';
export type { CallbackTrace } from './handlers/user.ts';
export {
  PhpArgumentCountError,
  type PhpMessageHandler,
  type PhpMessageLevel,
  PhpScopeError,
  type PhpSessionMessage,
  PhpValueError,
} from './messages.ts';
export type {
  AnySessionHandler,
  SessionCallbacks,
  SessionHandlerInterface,
  SessionIdInterface,
  SessionUpdateTimestampHandlerInterface,
  Success,
} from './save-handler.ts';
export type { Place, RequestInput, ResponseHead } from './session/context.ts';
export type { RandomBytes } from './session/identifiers.ts';
export type { PhpOptions } from './session/options.ts';
export type { RequestParts } from './session/request.ts';
export { PHP_SESSION_ACTIVE, PHP_SESSION_DISABLED, PHP_SESSION_NONE } from './session/session.ts';
export type {
  CacheLimiter,
  CookieFlag,
  CookieSameSite,
  IniSettings,
  RuntimeSettings,
  SessionSettings,
  SessionStartOptions,
  SettingNumber,
  SettingOn,
  SettingSwitch,
  StartupSettings,
} from './setting-types.ts';
