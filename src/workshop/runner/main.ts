/** The learner's commands: `npm run lesson 3` and the others. */
import { readLessons, UnknownName } from '../course/catalogue.ts';
import { Interrupted } from '../machine/database/with-server.ts';
import { attack } from './commands/attack.ts';
import { check } from './commands/check.ts';
import { diff } from './commands/diff.ts';
import { extra } from './commands/extra.ts';
import { hint } from './commands/hint.ts';
import { lesson } from './commands/lesson.ts';
import { catchUp, reset } from './commands/replace.ts';
import { servers } from './commands/servers.ts';
import { wrong } from './commands/wrong.ts';
import { openTerminal } from './terminal.ts';
import { type Command, readCommandLine, UsageError } from './usage.ts';

const commands: Command[] = [
  lesson,
  hint,
  diff,
  attack,
  check,
  extra,
  wrong,
  catchUp,
  reset,
  servers,
];

const help = `The workshop in the terminal:

  npm run lesson 3      a lesson's task, and its tests at every save
  npm run hint          the next hint
  npm run diff          your methods against the lesson's
  npm run attack 3      the lesson's attack on your class
  npm run check         all lessons so far on your class
  npm run extra 11      the tests of a lesson's exercise without a solution
  npm run wrong 3       the lesson's wrong fixes, each as a patch and as a file
  npm run catch-up 4    start lesson 4 from the class of lesson 3; yours is kept
  npm run reset         start the lesson over; yours is kept
  npm run servers       the site of lesson 23: three servers behind a proxy

Each takes -- --help and -- --json. They exit with 0 for yes, 1 for no, 2 for an invalid command line.`;

async function main([name, ...args]: string[]): Promise<number> {
  const terminal = openTerminal(args.includes('--json'));
  try {
    if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
      terminal.say(help);
      return name === undefined ? 2 : 0;
    }
    const command = commands.find((each) => each.name === name);
    if (!command) {
      throw new UsageError(
        `There is no command "${name}". There are: ${commands.map((each) => each.name).join(', ')}.`,
      );
    }
    const read = readCommandLine(command, args);
    if (read.flag('help')) {
      process.stdout.write(`${command.help}\n`);
      return 0;
    }
    return await command.run({ ...read, terminal, lessons: readLessons() });
  } catch (error) {
    if (error instanceof Interrupted) return error.code;
    const message = error instanceof Error ? error.message : String(error);
    terminal.answer({ error: message });
    if (!terminal.json) terminal.complain(message);
    return error instanceof UsageError || error instanceof UnknownName ? 2 : 1;
  }
}

process.exitCode = await main(process.argv.slice(2));
