/** The command: `npm run board`. */
import { writeFileSync } from 'node:fs';
import { exitCodeOf, progress, readOptions, requireFolder } from '../machine/command.ts';
import { withServer } from '../machine/database/with-server.ts';
import { contestants, ownFaults, runBoard } from './board.ts';
import { drawBoard } from './table.ts';

const usage = `The board: one contract on the session stores and layers of npm.

  npm run board [-- options] [NAME …]

  --save FILE  the tables here, and the run as JSON in FILE
  --json       the run as JSON
  --help       this text

NAME is one of:
${contestants.map((name) => `  ${name}`).join('\n')}

Exits with 1 when a required or recommended case fails on one of ours, and with 2 for an invalid
command line.`;

async function main(): Promise<number> {
  const { values, positionals } = readOptions('npm run board', {
    allowPositionals: true,
    options: {
      save: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const unknown = positionals.find((name) => !contestants.includes(name));
  if (unknown !== undefined) {
    console.error(`There is no "${unknown}" on the board.\n\n${usage}`);
    return 2;
  }
  requireFolder(values.save);
  return await withServer({ progress }, async (server) => {
    const board = await runBoard(server, positionals, progress);
    const text = `${JSON.stringify(board, null, 2)}\n`;
    if (values.save !== undefined) writeFileSync(values.save, text);
    console.log(values.json ? text : drawBoard(board));
    return ownFaults(board).length === 0 ? 0 : 1;
  });
}

// Some peers leave connections behind that would keep the process.
process.exit(await exitCodeOf(main));
