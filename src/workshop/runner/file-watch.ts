/** Detects saves of a file by the system's events, or else by polling. */
import { type FSWatcher, statSync, watch } from 'node:fs';
import { dirname } from 'node:path';

/** Milliseconds between polls: some file systems (NFS, WSL's drives) report no events. */
const interval = 400;

/** Milliseconds in which an editor may write one save in several steps. */
const settle = 30;

/**
 * Watches one file, which may be replaced, deleted and created again, until the returned function
 * runs.
 */
export function watchSaves(path: string, onSave: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  let last = signature(path);
  const look = (): void => {
    const now = signature(path);
    if (now === last) return;
    last = now;
    clearTimeout(timer);
    timer = setTimeout(onSave, settle);
  };
  const looking = setInterval(look, interval);
  let events: FSWatcher | undefined;
  try {
    // The folder, because many editors replace the file by a new one.
    events = watch(dirname(path), look);
    events.on('error', () => events?.close());
  } catch {
    // No events on this file system: polling alone.
  }
  return () => {
    clearTimeout(timer);
    clearInterval(looking);
    events?.close();
  };
}

/** A text that changes with every save; `missing` while the file does not exist. */
function signature(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats ? `${stats.mtimeMs} ${stats.size} ${stats.ino}` : 'missing';
}
