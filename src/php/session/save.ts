/** Passes a session's variables to its handler. session.c L502–557. */

import { type Awaitable, whenReady } from '../awaitable.ts';
import type { Storage } from '../handlers/storage.ts';
import type { SessionContext } from './context.ts';
import type { Variables } from './variables.ts';

/** A session's variables and the id to save them under. */
export interface Unsaved {
  readonly id: string;
  readonly variables: Variables;
  /** The bytes that were read, for session.lazy_write. */
  readonly readData: Buffer | undefined;
}

/**
 * php_session_save_current_state(): writes the variables, or only touches the session where
 * session.lazy_write finds its bytes unchanged. A failure is a warning.
 *
 * @param context - The request.
 * @param storage - The save module and its open handler.
 * @param unsaved - The session.
 */
export function save(
  context: SessionContext,
  storage: Storage,
  { id, variables, readData }: Unsaved,
): Awaitable<void> {
  const { settings, reporter } = context;
  const handler = storage.isOpen ? storage.handler : undefined;
  if (!handler) return warnUnsaved(context, storage, undefined);
  let data: Buffer | undefined;
  try {
    data = variables.encode(settings.get('serialize_handler'), reporter);
  } catch (error) {
    reporter.keep(error);
  }
  // Data that cannot be encoded is not written; its own error reports it.
  if (reporter.exception) return;
  const isUnchanged = settings.get('lazy_write') && data !== undefined && readData?.equals(data);
  const operation = isUnchanged ? 'touch' : 'write';
  return whenReady(handler[operation](id, data ?? Buffer.alloc(0)), (isSaved) => {
    if (isSaved) return;
    // The callback may have closed its own session, as with session_abort().
    const callback = storage.isOwnOpen ? handler.callbackName(operation) : undefined;
    warnUnsaved(context, storage, callback);
  });
}

function warnUnsaved(
  { settings, reporter }: SessionContext,
  storage: Storage,
  callback: string | undefined,
): void {
  const path = settings.get('save_path');
  const text =
    callback === undefined
      ? `Failed to write session data (${storage.module.name}). Please verify that the current ` +
        `setting of session.save_path is correct (${path})`
      : 'Failed to write session data using user defined save handler. ' +
        `(session.save_path: ${path}, handler: ${callback})`;
  reporter.warn('E_WARNING', text);
}
