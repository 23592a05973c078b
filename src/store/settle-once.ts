/** Waits that end once: by their result, at a time limit, or by a signal. */

/**
 * Starts a time limit.
 *
 * @param limit - Milliseconds.
 * @param onEnd - Called at the limit, or with the signal's reason.
 * @returns A function that ends it; false if it had ended already.
 */
export function settleOnce(
  limit: number,
  signal: AbortSignal | undefined,
  onEnd: (reason?: unknown) => void,
): () => boolean {
  let isOver = false;
  const settle = (): boolean => {
    if (isOver) return false;
    isOver = true;
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
    return true;
  };
  const abort = (): void => {
    if (settle()) onEnd(signal?.reason);
  };
  const timer = setTimeout(() => {
    if (settle()) onEnd();
  }, limit);
  // Not at once: the caller has not got this function yet.
  if (signal?.aborted) queueMicrotask(abort);
  else signal?.addEventListener('abort', abort);
  return settle;
}
