/** Checks of the user's rights. */
import { quote } from '../../store/operate.ts';
import { placeOfTable } from '../ask.ts';
import { type Check, type Finding, Unchecked } from './case.ts';

/** The server refuses: to the schema, to the table, to a column. */
const DENIED = new Set([1044, 1142, 1143]);

const NEEDED = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'] as const;

/** Rights on other things than rows. */
const HARMLESS = new Set(['USAGE', ...NEEDED, 'SHOW DATABASES', 'PROCESS', 'REPLICATION CLIENT']);

/** Rights that the store needs and does not have. */
export const tooNarrow: Check = async ({ ask, table }) => {
  const { id, data, version } = table.names;
  const [name, key] = [quote(table.name), quote(id)];
  // EXPLAIN asks for the same rights, and does nothing.
  const statements = {
    SELECT: `SELECT ${key},${quote(data)} FROM ${name} LIMIT 0`,
    INSERT: `EXPLAIN INSERT INTO ${name} (${key}) VALUES ('')`,
    UPDATE: `EXPLAIN UPDATE ${name} SET ${quote(version)}=0 WHERE ${key}=''`,
    DELETE: `EXPLAIN DELETE FROM ${name} WHERE ${key}=''`,
  };
  const missing: string[] = [];
  for (const right of NEEDED) {
    try {
      await ask(statements[right]);
    } catch (error) {
      const { errno } = error as { errno?: number };
      if (errno !== undefined && DENIED.has(errno)) missing.push(right);
    }
  }
  if (missing.length === 0) return [];
  const [[account] = []] = await ask('SELECT CURRENT_USER()');
  const [user = '', host = '%'] = String(account).split(/@(?=[^@]*$)/);
  const place = quote((await placeOfTable(ask, table.name)).join('.'));
  return [
    {
      code: 'rights-narrow',
      level: 'error',
      message: `the user has no right to ${missing.join(', ')}: sessions cannot be kept`,
      remedy: `GRANT ${NEEDED.join(', ')} ON ${place} TO '${user}'@'${host}';`,
    },
  ];
};

/** Rights that the store does not need, and a thief of the password would have. */
export const tooWide: Check = async ({ ask, table }) => {
  const [schema, name] = await placeOfTable(ask, table.name);
  const grants = await ask('SHOW GRANTS').catch(() => {
    throw new Unchecked('the rights: SHOW GRANTS is refused');
  });
  const extra = new Set<string>();
  let place = '';
  for (const [text] of grants) {
    const grant = parseGrant(String(text));
    if (!grant || !covers(grant.on, schema, name)) continue;
    const isGlobal = grant.on === '*.*';
    for (const right of grant.rights) {
      const isWide = isGlobal ? right !== 'USAGE' : !HARMLESS.has(right);
      if (!isWide) continue;
      extra.add(right);
      place = isGlobal || place === '' ? grant.on : place;
    }
  }
  if (extra.size === 0) return [];
  const list = [...extra].slice(0, 6).join(', ');
  const finding: Finding = {
    code: 'rights-wide',
    level: 'warning',
    message: `the user has ${list}${extra.size > 6 ? ' and more' : ''} on ${place}: a thief of its password can do more than read sessions`,
    remedy:
      "CREATE USER 'sessions'@'%' IDENTIFIED BY 'a password of its own';\n" +
      `GRANT ${NEEDED.join(', ')} ON ${quote(`${schema}.${name}`)} TO 'sessions'@'%';`,
  };
  return [finding];
};

/** Reads one line of SHOW GRANTS. It may have a password's hash, which is not kept. */
function parseGrant(text: string): { rights: string[]; on: string } | undefined {
  const found = /^GRANT (.+?) ON (?:TABLE )?(\S+) TO .+?( WITH GRANT OPTION)?$/.exec(
    text.replace(/ (?:IDENTIFIED|REQUIRE) .*?(?= WITH GRANT OPTION$|$)/, ''),
  );
  if (!found) return undefined;
  const [, rights = '', on = '', option] = found;
  const list = rights.replaceAll(/\s*\([^)]*\)/g, '').split(', ');
  return { rights: option ? [...list, 'GRANT OPTION'] : list, on: on.replaceAll('`', '') };
}

/** Whether a grant's object is or holds the table. Names of schemas are patterns. */
function covers(on: string, schema: string, table: string): boolean {
  const [pattern = '', name = ''] = on.split(/\.(?=[^.]*$)/);
  if (name !== '*' && name !== table) return false;
  if (pattern === '*') return true;
  const expression = pattern.replaceAll(/\\([%_])|[%_]|\W/g, (part, literal?: string) => {
    if (literal !== undefined) return literal;
    return part === '%' ? '.*' : part === '_' ? '.' : `\\${part}`;
  });
  return new RegExp(`^${expression}$`).test(schema);
}
