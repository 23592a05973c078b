/** Checks of what others have attached to the table: constraints, triggers, events, its history. */
import { quote } from '../../store/operate.ts';
import { type Ask, exact, placeOfTable } from '../ask.ts';
import type { Case, Check, Finding } from './case.ts';

/** Deletions by these rules do not stop the collection. */
const HARMLESS_RULES = new Set(['CASCADE', 'SET NULL']);

/** Constraints, triggers and events that refuse, change or keep rows without the store. */
export const attached: Check = async ({ ask, table, shape }) => {
  if (!shape.exists) return [];
  const [schema, name] = await placeOfTable(ask, table.name);
  return [
    ...(await constraints(ask, table, shape.differences)),
    ...(await references(ask, schema, name)),
    ...(await triggers(ask, schema, name)),
    ...(await events(ask, schema, name)),
    ...(await history(ask, table.name)),
  ];
};

/** Foreign keys and checks on the store's columns. SHOW has them for every account that may read. */
async function constraints(
  ask: Ask,
  { name: table, columns: own }: Case['table'],
  differences: Case['shape']['differences'],
): Promise<readonly Finding[]> {
  const [[, text = ''] = []] = await ask(`SHOW CREATE TABLE ${quote(table)}`);
  const alter = `ALTER TABLE ${quote(table)}`;
  return String(text)
    .split('\n')
    .flatMap((line): Finding[] => {
      const [, name, kind, rest = ''] =
        /^ +(?:CONSTRAINT )?[`"](.+?)[`"] (FOREIGN KEY|CHECK) (.+?),?$/.exec(line) ?? [];
      const inColumn = /^ +[`"](.+?)[`"] .+? CHECK (\(.+\)),?$/.exec(line);
      const held = own.filter((column) =>
        named(kind === 'FOREIGN KEY' ? keysOf(rest) : rest, column),
      );
      if (kind === 'FOREIGN KEY' && held.length > 0) {
        return [
          constraint(
            `the foreign key "${name}" binds ${listOf(held)} to another table: a session with a value that is not there is refused`,
            `${alter} DROP FOREIGN KEY ${exact(name)};`,
          ),
        ];
      }
      if (kind === 'CHECK' && held.length > 0 && !/NOT ENFORCED/.test(rest)) {
        return [
          constraint(
            `the constraint "${name}" refuses sessions whose ${listOf(held)} does not pass CHECK ${rest}`,
            `${alter} DROP CONSTRAINT ${exact(name)};`,
          ),
        ];
      }
      const [, column = '', condition] = inColumn ?? [];
      if (kind !== undefined || !own.includes(column)) return [];
      const definition = line.trim().replace(/ CHECK \(.+$/, '');
      const kept = `${alter} MODIFY ${definition}`;
      // The type JSON of MariaDB is text with a CHECK: the statement for the type ends both.
      const changed = differences.find(({ sql }) =>
        sql?.startsWith(`${alter} MODIFY ${quote(column)} `),
      );
      return [
        constraint(
          `the column "${column}" refuses values that do not pass CHECK ${condition}`,
          `${changed?.sql ?? kept};`,
        ),
      ];
    });
}

const keysOf = (text: string): string => text.slice(0, text.indexOf(')'));

function named(text: string, column: string): boolean {
  return text.includes(`\`${column}\``) || text.includes(`"${column}"`);
}

function listOf(columns: readonly string[]): string {
  return columns.map((column) => `"${column}"`).join(', ');
}

function constraint(message: string, remedy: string): Finding {
  return { code: 'constraint', level: 'error', message, remedy };
}

/** Foreign keys of other tables in the schema, as far as the account sees these tables. */
async function references(ask: Ask, schema: string, name: string): Promise<readonly Finding[]> {
  const found = await ask(
    'SELECT TABLE_NAME,CONSTRAINT_NAME,DELETE_RULE FROM information_schema.REFERENTIAL_CONSTRAINTS ' +
      'WHERE CONSTRAINT_SCHEMA=? AND REFERENCED_TABLE_NAME=?',
    [schema, name],
  );
  return found
    .filter(([, , rule]) => !HARMLESS_RULES.has(String(rule)))
    .map(([other, key]) =>
      constraint(
        `the foreign key "${key}" of "${other}" refers to this table and refuses deletions: the collection stops at such a row`,
        `ALTER TABLE ${exact(schema, other)} DROP FOREIGN KEY ${exact(key)}; -- or declare it ON DELETE CASCADE`,
      ),
    );
}

/** Triggers of the table; an account without the right TRIGGER sees none of them. */
async function triggers(ask: Ask, schema: string, name: string): Promise<readonly Finding[]> {
  const found = await ask(
    'SELECT TRIGGER_SCHEMA,TRIGGER_NAME,ACTION_TIMING,EVENT_MANIPULATION FROM information_schema.TRIGGERS ' +
      'WHERE EVENT_OBJECT_SCHEMA=? AND EVENT_OBJECT_TABLE=?',
    [schema, name],
  );
  return found.map(([place, trigger, time, event]) => ({
    code: 'trigger',
    level: 'warning',
    message: `the trigger "${trigger}" runs ${String(time).toLowerCase()} each ${event}: if it fails, the session is not saved or not deleted`,
    remedy: `DROP TRIGGER ${exact(place, trigger)}; -- if the application does not need it`,
  }));
}

/** Events that name the table; an account without the right EVENT sees none of them. */
async function events(ask: Ask, schema: string, name: string): Promise<readonly Finding[]> {
  const found = await ask(
    'SELECT EVENT_SCHEMA,EVENT_NAME,EVENT_DEFINITION FROM information_schema.EVENTS ' +
      "WHERE STATUS='ENABLED' AND (EVENT_SCHEMA=? OR LOCATE(?,EVENT_DEFINITION)>0)",
    [schema, schema],
  );
  return found
    .filter(([, , body]) => changes(String(body), name))
    .map(([place, event]) => ({
      code: 'event',
      level: 'warning',
      message: `the event "${event}" of the server deletes or changes rows of the table: live sessions may end`,
      remedy: `ALTER EVENT ${exact(place, event)} DISABLE; -- phpsessid gc in cron deletes the expired ones`,
    }));
}

function changes(body: string, table: string): boolean {
  const words = body.split(/[^\p{L}\p{N}_$]+/u);
  return (
    words.includes(table) &&
    words.some((word) => /^(?:DELETE|TRUNCATE|UPDATE|REPLACE|DROP)$/i.test(word))
  );
}

/** MariaDB keeps each earlier state of a row. */
async function history(ask: Ask, table: string): Promise<readonly Finding[]> {
  const [[kind] = []] = await ask(
    'SELECT TABLE_TYPE FROM information_schema.TABLES WHERE TABLE_SCHEMA=? AND TABLE_NAME=?',
    await placeOfTable(ask, table),
  );
  if (kind !== 'SYSTEM VERSIONED') return [];
  return [
    {
      code: 'history',
      level: 'error',
      message:
        'the table is WITH SYSTEM VERSIONING: the data of each save and of each session that has ended stays in it',
      remedy: `ALTER TABLE ${quote(table)} DROP SYSTEM VERSIONING;`,
    },
  ];
}
