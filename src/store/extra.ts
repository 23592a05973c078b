/** Columns beside the store's own, filled by the application from its sessions. */
import type { Bound } from './database/database.ts';
import type { Format } from './payload/payload.ts';
import { Variables } from './payload/variables.ts';

/** A value of an extra column. */
export type ExtraValue = string | number | boolean | Uint8Array | null;

/** A session as the functions of `extra` see it: as it is about to be saved. */
export interface ExtraView<Data extends object = Record<string, unknown>> {
  /** The session's data; changes to it are not saved. */
  readonly data: Readonly<Partial<Data>>;
  /** The session's user; undefined before a login. */
  readonly user: string | undefined;
  /** The label in a list of the user's sessions. */
  readonly label: string | undefined;
}

/** Functions by column; each returns the column's value, undefined for NULL. */
export type Extra<
  Data extends object = Record<string, unknown>,
  Column extends string = string,
> = Readonly<Record<Column, (session: ExtraView<Data>) => ExtraValue | undefined>>;

/** The session about which the functions of one store are asked. */
export type Described = Omit<ExtraView, 'data'> & { readonly data: Buffer };

/** Asks the functions of the option `extra`. */
export class ExtraColumns {
  readonly #functions: readonly Extra<never>[string][];
  readonly #format: Format;

  /** @param extra - The option. */
  constructor(extra: Extra<never>, format: Format) {
    this.#functions = Object.values(extra);
    this.#format = format;
  }

  /**
   * Returns the values of the columns, in their order.
   *
   * @param session - The session as it is to be saved.
   * @throws Any error of a function; SessionUnreadable for data of no format.
   */
  valuesOf({ data, user, label }: Described): readonly Bound[] {
    if (this.#functions.length === 0) return [];
    const variables = new Variables(data, this.#format);
    const view = { data: variables.data as never, user, label };
    return this.#functions.map((columnOf) => boundOf(columnOf(view)));
  }
}

function boundOf(value: ExtraValue | undefined): Bound {
  if (value === undefined) return null;
  if (typeof value === 'boolean') return value ? 1 : 0;
  return value instanceof Uint8Array ? Buffer.from(value) : value;
}
