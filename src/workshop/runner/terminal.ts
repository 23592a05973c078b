/** Where the runner speaks: sentences for people, one JSON value for programs, never both. */
import { styleText } from 'node:util';

type Style = 'red' | 'green' | 'yellow' | 'cyan' | 'bold' | 'dim';

export interface Terminal {
  /** True when one JSON value is wanted: then standard output holds nothing else. */
  readonly json: boolean;
  /** True when somebody can press keys and read what comes. */
  readonly interactive: boolean;
  /** How wide prose may be. */
  readonly width: number;
  /** Prints a line for people. */
  say(line?: string): void;
  /** Prints a line for people, dimly: what happens beside the matter. */
  whisper: (line: string) => void;
  /** Prints a line of trouble, on standard error. */
  complain(line: string): void;
  /** Prints the one JSON value, when one is wanted. */
  answer(value: unknown): void;
  /** Colours a word where colours are wanted. */
  paint(style: Style, text: string): string;
}

/**
 * Opens the terminal this process was given.
 *
 * @param json - True when the command shall answer in JSON.
 * @returns Where to speak.
 */
export function openTerminal(json: boolean): Terminal {
  const { stdin, stdout } = process;
  // A pager that is closed early is no fault of this program.
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit();
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
