/** Noticing saves: by the system's events where they come, by looking at the file where not. */
import { type FSWatcher, statSync, watch } from 'node:fs';
import { dirname } from 'node:path';

/** How often the file's date is looked at. Some file systems (NFS, WSL's drives) report nothing. */
const interval = 400;

/** How long an editor may take to write one save in several steps. */
const settle = 30;

/**
 * Watches one file until the returned function is called.
 *
 * @param path - The file; it may be replaced, deleted and made anew.
 * @param onSave - Called once for each save.
 * @returns Ends the watching.
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
    // No events here: the looking does it alone.
  }
  return () => {
    clearTimeout(timer);
    clearInterval(looking);
    events?.close();
  };
}

/** What changes with every save; the word for a file that is not there. */
function signature(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats ? `${stats.mtimeMs} ${stats.size} ${stats.ino}` : 'missing';
}
