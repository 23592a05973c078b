/** Checks of the user's rights. */
import { leaseSchema, quote } from '../../store/operate.ts';
import { type Ask, exact, placeOfTable } from '../ask.ts';
import { indexesOf, isKeyOf } from '../indexes.ts';
import { type Check, type Finding, Unchecked } from './case.ts';

/** The server refuses: to the schema, to the table, to a column. */
const DENIED = new Set([1044, 1142, 1143]);

const NEEDED = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'] as const;

/** Rights on other things than rows. */
const HARMLESS = new Set(['USAGE', ...NEEDED, 'SHOW DATABASES', 'PROCESS', 'REPLICATION CLIENT']);

/** Rights that the store needs and does not have. */
export const tooNarrow: Check = async ({ ask, table, shape }) => {
  // A right may be one on some columns only.
  const columns = table.columns.filter(
    (column) => shape.hidden.has(column) || shape.columns.has(column.toLowerCase()),
  );
  if (!columns.includes(table.names.id)) {
    throw new Unchecked('rights that are missing: the table is not there, or of another shape');
  }
  const missing = await missingRights(ask, table.name, columns);
  return missing.length === 0 ? [] : [await narrow(ask, table.name, missing)];
};

/** The strategy `lease` has a table of its own. */
export const leases: Check = async ({ ask, place }) => {
  const { strategy, leaseTable } = place.options;
  if (strategy !== 'lease') return [];
  try {
    const missing = await missingRights(ask, leaseTable, ['id', 'owner', 'until_ms']);
    if (missing.length === 0) {
      const indexes = await indexesOf(ask, ...(await placeOfTable(ask, leaseTable)));
      if (indexes.some((index) => isKeyOf('id', index))) return [];
      return [
        {
          code: 'lease-table',
          level: 'error',
          message: `nothing keeps "id" of the table ${leaseTable} unique: two requests can have the lease of one session`,
          remedy: `DROP TABLE ${quote(leaseTable)};\n${leaseSchema(leaseTable)};`,
        },
      ];
    }
    if (!missing.includes('SELECT')) return [await narrow(ask, leaseTable, missing)];
  } catch {
    // The table is not there, or of another shape.
  }
  return [
    {
      code: 'lease-table',
      level: 'error',
      message: `strategy 'lease' needs the table ${leaseTable}, which is not there, of another shape, or may not be read`,
      remedy:
        `DROP TABLE IF EXISTS ${quote(leaseTable)}; -- it has no sessions in it\n${leaseSchema(leaseTable)};\n` +
        (await grantOn(ask, leaseTable)),
    },
  ];
};

/** EXPLAIN asks for the same rights, and does nothing. */
async function missingRights(
  ask: Ask,
  table: string,
  columns: readonly string[],
): Promise<string[]> {
  const name = quote(table);
  const quoted = columns.map(quote);
  const [key, list] = [quoted[0], quoted.join()];
  const statements = {
    SELECT: `SELECT ${list} FROM ${name} LIMIT 0`,
    INSERT: `EXPLAIN INSERT INTO ${name} (${list}) VALUES (${quoted.map(() => "''").join()})`,
    UPDATE: `EXPLAIN UPDATE ${name} SET ${quoted.map((column) => `${column}=''`).join()} WHERE ${key}=''`,
    DELETE: `EXPLAIN DELETE FROM ${name} WHERE ${key}=''`,
  };
  const missing: string[] = [];
  for (const right of NEEDED) {
    await ask(statements[right]).catch((error: { errno?: number }) => {
      if (error.errno === undefined || !DENIED.has(error.errno)) throw error;
      missing.push(right);
    });
  }
  return missing;
}

async function narrow(ask: Ask, table: string, missing: readonly string[]): Promise<Finding> {
  const account = await accountOf(ask);
  return {
    code: 'rights-narrow',
    level: 'error',
    message: `the user has no right to ${missing.join(', ')} on ${table} or on some of its columns: sessions cannot be kept`,
    remedy: `${await sleepingRoles(ask, account)}${await grantOn(ask, table)}`,
  };
}

async function grantOn(ask: Ask, table: string): Promise<string> {
  const place = quote((await placeOfTable(ask, table)).join('.'));
  return `GRANT ${NEEDED.join(', ')} ON ${place} TO ${await accountOf(ask)};`;
}

/** The account that the server has chosen for this login, quoted. */
export async function accountOf(ask: Ask): Promise<string> {
  const [[account] = []] = await ask('SELECT CURRENT_USER()');
  const [user = '', host = '%'] = String(account).split(/@(?=[^@]*$)/);
  return `${exact(user)}@${exact(host)}`;
}

/** Returns statements that give a login the roles which the account has and which are not active. */
export async function sleepingRoles(ask: Ask, account?: string): Promise<string> {
  const [[active] = []] = await ask('SELECT CURRENT_ROLE()').catch(() => [['NONE']]);
  if (active !== null && active !== 'NONE') return '';
  const grants = await ask('SHOW GRANTS').catch(() => []);
  const roles = grants.flatMap(
    ([text]) => /^GRANT `(.+?)`(?:@\S+)? TO /.exec(String(text))?.[1] ?? [],
  );
  const user = account ?? (await accountOf(ask));
  const [[version] = []] = await ask('SELECT VERSION()');
  const to = /mariadb/i.test(String(version)) ? 'FOR' : 'TO';
  return roles.map((role) => `SET DEFAULT ROLE ${exact(role)} ${to} ${user};\nor\n`).join('');
}

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
    if (!grant) continue;
    if (!covers(grant.on, schema, name) && !grant.on.startsWith('mysql.')) continue;
    // The schema `mysql` has the passwords of all accounts.
    const isGlobal = grant.on === '*.*' || grant.on.startsWith('mysql.');
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
