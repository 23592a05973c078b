/** The gauntlet's addresses. */
import type { Context, Hono } from 'hono';
import { answerForm, readFields } from './forms.ts';
import { GAUNTLET, type Gauntlet } from './gauntlet.ts';
import { type Cell, cellKey, findCells } from './gauntlet-grid.ts';
import type { Lab } from './lab.ts';
import { streamLive } from './live.ts';
import { addressOf, gauntletPage, gauntletParts } from './views/gauntlet.ts';

/** Adds the gauntlet's page, its events and its buttons; forms to `/run` have been checked before. */
export function addGauntlet(app: Hono, lab: Lab, gauntlet: Gauntlet): void {
  const openCell = (wanted: string | undefined): Cell | undefined => {
    if (!wanted) return undefined;
    const [cell, ...others] = findCells(gauntlet.grid, wanted).cells;
    if (cell && others.length === 0) return cell;
    throw new RangeError(
      `There is no cell "${wanted}". A cell is a class and an attack: ?cell=lesson-05+10`,
    );
  };
  app.get('/gauntlet', (context) => context.redirect('/gauntlet/'));
  app.get('/gauntlet/', (context) => {
    const open = openCell(context.req.query('cell'));
    return context.html(gauntletPage({ lab, gauntlet, open }).toString());
  });
  app.get('/gauntlet/live', (context) => {
    const wanted = context.req.query('cell');
    const open = openCell(wanted);
    const rows = () => gauntlet.grid.classes.map(({ condition }) => condition).join();
    const drawn = rows();
    return streamLive(context, lab, {
      // Transcripts grow by hundreds of lines: only those of the open cell are sent.
      concerns: (topic) => topic === GAUNTLET || topic === open?.subject.condition,
      announces: (topic) => topic === GAUNTLET,
      draw: async () =>
        rows() === drawn ? gauntletParts({ lab, gauntlet, open: openCell(wanted) }) : undefined,
      refresh: async () => {},
    });
  });
  app.post('/run', async (context) => press(context, lab, gauntlet));
}

async function press(context: Context, lab: Lab, gauntlet: Gauntlet): Promise<Response> {
  const fields = await readFields(context, lab);
  const wanted = fields.get('run') ?? 'all';
  const page = fields.has('finish') ? '/finish/' : '/gauntlet/';
  if (wanted === 'stop') return answerForm(context, gauntlet.stop(), page);
  const { cells, title } = findCells(gauntlet.grid, wanted);
  const [first] = cells;
  if (!first) throw new RangeError(`There is nothing to run that is called "${wanted}".`);
  const said = gauntlet.start(cells, title);
  return answerForm(context, said, wanted === cellKey(first) ? addressOf(first) : page);
}
