/** The texts of `--help`, made of the table of commands. */
import type { OptionTable } from './call.ts';
import { COMMANDS, COMMON, type CommandSpec } from './commands.ts';

/** All commands. */
export function programHelp(): string {
  const names = Object.entries(COMMANDS).map(([name, { summary }]) => [name, summary] as const);
  return `phpsessid: sessions in MySQL and MariaDB

Usage: phpsessid COMMAND [OPTIONS]

${columns(names)}

phpsessid COMMAND --help shows a command's options and examples, phpsessid --version the version.

${EXITS}`;
}

/** One command. */
export function commandHelp(name: string, spec: CommandSpec): string {
  const { form = '', summary, details, options, examples } = spec;
  const own = Object.keys(options).length === 0 ? '' : `\n\nOptions:\n${optionLines(options)}`;
  return `phpsessid ${name}: ${summary}

Usage: phpsessid ${name}${form && ` ${form}`} [OPTIONS]

${details}${own}

Connection, table and output:
${optionLines(COMMON)}

Examples:
${examples.map((line) => `  ${line}`).join('\n')}

${EXITS}`;
}

const EXITS = `Exit codes:
${columns([
  ['0', 'done, nothing found'],
  ['1', 'findings, no such session, a table or server that does not fit, or work that failed'],
  ['2', 'a wrong command line or configuration; nothing was sent to the server'],
  ['3', 'the server cannot be reached, or refuses the login'],
  ['130', 'stopped by Ctrl-C after the current step'],
  ['141', 'stopped after the current step, as the pipe of the output was closed'],
])}`;

function optionLines(options: OptionTable): string {
  return columns(
    Object.entries(options).map(([option, { value, about, multiple }]) => [
      `--${option}${value === undefined ? '' : ` ${value}`}${multiple ? ' …' : ''}`,
      about,
    ]),
  );
}

function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows
    .map(([left, right]) => {
      const lines = wrap(right, 96 - width);
      return `  ${left.padEnd(width)}  ${lines.join(`\n${' '.repeat(width + 4)}`)}`;
    })
    .join('\n');
}

function wrap(text: string, width: number): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines.at(-1) as string;
    if (last !== '' && last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines;
}
