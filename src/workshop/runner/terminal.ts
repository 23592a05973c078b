/** The learner's terminal: sentences for people, one JSON value for programs, and single keys. */
import { constants } from 'node:os';
import { styleText } from 'node:util';

type Style = 'red' | 'green' | 'yellow' | 'cyan' | 'bold' | 'dim';

export interface Terminal {
  /** True under `--json`: standard output then holds one JSON value and nothing else. */
  readonly json: boolean;
  /** True when a person can press keys and read the output. */
  readonly interactive: boolean;
  /** The width of prose, in columns. */
  readonly width: number;
  /** Prints a line for people. */
  say(line?: string): void;
  /** Prints a line of secondary interest, dimmed. */
  whisper: (line: string) => void;
  /** Prints an error on standard error. */
  complain(line: string): void;
  /** Prints the JSON value under `--json`, and nothing otherwise. */
  answer(value: unknown): void;
  /** Colours a text where the terminal shows colours. */
  paint(style: Style, text: string): string;
}

/** Opens the terminal of this process. */
export function openTerminal(json: boolean): Terminal {
  const { stdin, stdout } = process;
  // A pager that was closed early is not an error; nor is the verdict known, which 0 would claim.
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(128 + constants.signals.SIGPIPE);
    throw error;
  });
  const colours =
    !json && stdout.isTTY && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb';
  const say = (line = ''): void => {
    (json ? process.stderr : stdout).write(`${line}\n`);
  };
  const paint = (style: Style, text: string): string => (colours ? styleText(style, text) : text);
  return {
    json,
    interactive: !json && Boolean(stdin.isTTY && stdout.isTTY),
    width: Math.max(40, Math.min(stdout.columns || 80, 88)),
    say,
    whisper: (line) => say(paint('dim', line)),
    complain: (line) => {
      process.stderr.write(`${line}\n`);
    },
    answer: (value) => {
      if (json) stdout.write(`${JSON.stringify(value, null, 2)}\n`);
    },
    paint,
  };
}

const CTRL_Z = '\u001a';

/** Does what the terminal does for Ctrl-Z where keys are not read singly: npm is suspended as well. */
function suspendJob(): void {
  process.stdin.setRawMode(false);
  process.kill(0, 'SIGTSTP');
  // Without a shell that could resume it, the system suspends nothing.
  process.stdin.setRawMode(true);
}

/**
 * Reads single keys.
 *
 * @param onKey - Called with each key; Ctrl-C arrives as `\u0003`, a closed terminal as `''`.
 * @returns Stops reading and restores the terminal's mode.
 */
export function listenToKeys(onKey: (key: string) => void): () => void {
  const { stdin } = process;
  const onData = (text: string): void => {
    // Arrow and function keys arrive as one sequence that begins with ESC; none is used.
    if (text.startsWith('\u001b')) return;
    for (const key of text) {
      if (key === CTRL_Z && process.platform !== 'win32') suspendJob();
      else onKey(key);
    }
  };
  const onEnd = (): void => onKey('');
  const restore = (): void => {
    if (stdin.isTTY) stdin.setRawMode(false);
  };
  // The shell resets the mode while the process is suspended by Ctrl-Z.
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
      // The terminal was closed: its mode cannot be restored.
    }
    process.off('exit', restore);
  };
}
