/** Names of tables and columns in SQL. */
import { SessionSetupError } from '../errors.ts';

/**
 * Quotes a name. A dot separates the schema from the table.
 *
 * @throws SessionSetupError for a name that MySQL does not allow.
 */
export function quote(name: string): string {
  const parts = name.split('.');
  for (const part of parts) {
    if (part.length === 0 || part.length > 64 || /[`\0]/.test(part) || parts.length > 2) {
      throw new SessionSetupError(
        `invalid name of a table or column: ${JSON.stringify(name)}; use 1 to 64 characters ` +
          'without a backtick, with at most one dot behind a schema',
      );
    }
  }
  return parts.map((part) => `\`${part}\``).join('.');
}
