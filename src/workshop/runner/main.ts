/** The learner's commands: `npm run lesson 3` and the others. */
import { readLessons } from '../course/catalogue.ts';
import { exitCodeFor, WrongCall } from '../machine/command.ts';
import { errorMessage } from '../machine/error-message.ts';
import { Interrupted } from '../machine/signals.ts';
import { openTerminal } from './terminal.ts';
import { type Command, readCommandLine } from './usage.ts';

/** A command loads only its own modules: those of all of them take 0.2 s. */
const commands: Record<string, () => Promise<Command>> = {
  lesson: async () => (await import('./commands/lesson.ts')).lesson,
  hint: async () => (await import('./commands/hint.ts')).hint,
  diff: async () => (await import('./commands/diff.ts')).diff,
  attack: async () => (await import('./commands/attack.ts')).attack,
  check: async () => (await import('./commands/check.ts')).check,
  extra: async () => (await import('./commands/extra.ts')).extra,
  wrong: async () => (await import('./commands/wrong.ts')).wrong,
  'catch-up': async () => (await import('./commands/replace.ts')).catchUp,
  reset: async () => (await import('./commands/replace.ts')).reset,
  servers: async () => (await import('./commands/servers.ts')).servers,
};

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
    const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (!load) {
      throw new WrongCall(
        `There is no command "${name}". There are: ${Object.keys(commands).join(', ')}.`,
      );
    }
    const command = await load();
    const read = readCommandLine(command, args);
    if (read.flag('help')) {
      process.stdout.write(`${command.help}\n`);
      return 0;
    }
    return await command.run({ ...read, terminal, lessons: readLessons() });
  } catch (error) {
    if (error instanceof Interrupted) return error.code;
    const message = errorMessage(error);
    terminal.answer({ error: message });
    if (!terminal.json) terminal.complain(message);
    return exitCodeFor(error);
  }
}

process.exitCode = await main(process.argv.slice(2));
