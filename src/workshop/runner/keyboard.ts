/** Single keys from the terminal, and the terminal as it was when they are no longer wanted. */

/**
 * Listens to keys.
 *
 * @param onKey - Told each key; Ctrl-C comes as `\u0003`, a terminal that went away as `''`.
 * @returns Ends the listening and restores the terminal.
 */
export function listenToKeys(onKey: (key: string) => void): () => void {
  const { stdin } = process;
  const onData = (text: string): void => {
    // Arrow and function keys come as one sequence that begins with ESC; none has a meaning here.
    if (text.startsWith('\u001b')) return;
    for (const key of text) onKey(key);
  };
  const onEnd = (): void => onKey('');
  const restore = (): void => {
    if (stdin.isTTY) stdin.setRawMode(false);
  };
  // Whoever stopped the workshop with Ctrl-Z gets a terminal back that has forgotten the mode.
  const onContinue = (): void => {
    stdin.setRawMode(true);
  };
  stdin.setEncoding('utf8');
  stdin.setRawMode(true);
  stdin.on('data', onData);
  stdin.on('end', onEnd);
  stdin.on('error', onEnd);
  process.on('exit', restore);
  process.on('SIGCONT', onContinue);
  stdin.resume();
  return () => {
    stdin.off('data', onData);
    stdin.off('end', onEnd);
    process.off('SIGCONT', onContinue);
    stdin.pause();
    try {
      restore();
    } catch {
      // The terminal itself is gone; there is nothing to restore.
    }
    process.off('exit', restore);
  };
}
