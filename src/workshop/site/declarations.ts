/**
 * Finds the declarations of a TypeScript or PHP file by name, so that a class that learners read needs
 * no marks for the pages: `./sessions.ts#Read` is the method `Read`, its doc comment included.
 *
 * The files are formatted by the project's formatter: a declaration ends at the first line that
 * closes it at its own margin.
 */

const DECLARATION =
  /^( *)(?:(?:export|public|static|readonly|async|const|function|class|interface|type|abstract|final) )+#?([A-Za-z_$][\w$]*)/;

/** A method without a word before its name; a statement that looks like one begins with a keyword. */
const METHOD = /^( {2})#?((?!(?:if|for|while|switch)\b)[A-Za-z_$][\w$]*)\(.*\{$/;

/**
 * One declaration of a text with the comment above it, moved to the left margin: the last of that
 * name, since the class of a lesson stands behind its helpers and theirs.
 *
 * @param name - Without the `#` of a private member.
 * @returns The text, or undefined where nothing at the margin or in a class has that name.
 */
export function readDeclaration(source: string, name: string): string | undefined {
  const lines = source.split(/\r?\n/);
  const start = lines.findLastIndex((line) => nameIn(line) === name);
  if (start < 0) return undefined;
  const first = lines[start] ?? '';
  const margin = (DECLARATION.exec(first) ?? METHOD.exec(first))?.[1] ?? '';
  // PHP's classes have their bracket on a line of its own.
  const hasBody = /[{([]$/.test(first) || lines[start + 1] === `${margin}{`;
  const length = lines
    .slice(start)
    .findIndex((line) => (hasBody ? closes(line.slice(margin.length)) : /[;}]$/.test(line)));
  const comment = lines.slice(0, start).findLastIndex((line) => !isComment(line)) + 1;
  return lines
    .slice(comment, start + length + 1)
    .map((line) => line.slice(margin.length))
    .join('\n');
}

/** The names of a text's declarations, in their order. */
export function declaredNames(source: string): string[] {
  return source.split(/\r?\n/).flatMap((line) => nameIn(line) ?? []);
}

/** The name that a line declares, at the margin or as a member of a class. */
function nameIn(line: string): string | undefined {
  const [, margin = '', name] = DECLARATION.exec(line) ?? METHOD.exec(line) ?? [];
  return margin.length <= 2 ? name : undefined;
}

/** A bracket at the margin, unless it closes a signature and opens the body. */
function closes(line: string): boolean {
  return /^[}\])]/.test(line) && !line.endsWith('{');
}

function isComment(line: string): boolean {
  return /^ *(?:\/\*\*|\*)/.test(line);
}
