/** The addresses of the page after the last lesson. */
import type { Hono } from 'hono';
import { GAUNTLET, type Gauntlet } from './gauntlet.ts';
import type { Lab } from './lab.ts';
import { streamLive } from './live.ts';
import { finishPage, finishParts } from './views/finish.ts';

/** Adds the page and its events; its button is the gauntlet's. */
export function addFinish(app: Hono, lab: Lab, gauntlet: Gauntlet): void {
  app.get('/finish', (context) => context.redirect('/finish/'));
  app.get('/finish/', (context) => context.html(finishPage({ lab, gauntlet }).toString()));
  app.get('/finish/live', (context) =>
    streamLive(context, lab, {
      concerns: (topic) => topic === GAUNTLET,
      announces: (topic) => topic === GAUNTLET,
      draw: async () => finishParts({ lab, gauntlet }),
      refresh: async () => {},
    }),
  );
}
