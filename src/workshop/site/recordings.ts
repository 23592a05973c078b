/** Gives a recording its class, and a schema that is dropped afterwards. */
import type { Lesson } from '../course/catalogue.ts';
import { lessonBefore } from '../course/promises.ts';
import { schemaFor } from '../course/tables.ts';
import type { DatabaseServer, Schema } from '../machine/database/server.ts';
import { lessonOf } from './files.ts';
import type { Page, Yield } from './page.ts';
import type { Recorded } from './record-page.ts';

type Draw = (recorded: Recorded) => Promise<Yield>;

interface Stage {
  readonly lessons: Lesson[];
  readonly server: DatabaseServer;
}

/** Draws in an empty schema. */
export async function drawInSchema(
  server: DatabaseServer,
  draw: (schema: Schema) => Promise<Yield>,
): Promise<Yield> {
  const schema = await server.createSchema('weave');
  try {
    return await draw(schema);
  } finally {
    await schema.drop();
  }
}

/** Draws the class of a lesson at work on its table, which is empty. */
export async function drawOnTable(
  { lessons, server }: Stage,
  { number, condition }: Lesson,
  draw: Draw,
): Promise<Yield> {
  return await drawInSchema(server, async (schema) => {
    await schema.run(schemaFor(lessons, number));
    return await draw({ condition, databaseUrl: schema.url });
  });
}

/** Draws the class that a page's lesson starts from. */
export async function drawBefore(stage: Stage, page: Page, draw: Draw): Promise<Yield> {
  const lesson = lessonBefore(stage.lessons, lessonOf(page, stage.lessons));
  if (!lesson) throw new Error(`${page.name}: there is no lesson before this lesson`);
  return await drawOnTable(stage, lesson, draw);
}

/** Draws the class that a page's lesson arrives at. */
export async function drawAfter(stage: Stage, page: Page, draw: Draw): Promise<Yield> {
  return await drawOnTable(stage, lessonOf(page, stage.lessons), draw);
}
