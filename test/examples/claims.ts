/** The claims of an example: the comment behind a statement says which value it gives. */
import ts from 'typescript';

/** A comment that states the value of the statement before it. */
interface Claim {
  /** Line within the example, counted from zero. */
  line: number;
  /** As Node shows the value, or `throws TypeError: …`. */
  expected: string;
}

/** An example that reports the values of its statements. */
export interface Instrumented {
  /** The program; it calls `__saw(index, value)` and `__threw(index, error)`. */
  code: string;
  claims: Claim[];
  /** PHP's messages, claimed by comments on their own lines: `E_WARNING: …`. */
  messages: Claim[];
  /** Lines with a comment behind code that gives no value. */
  idle: number[];
}

const THROWS = /^throws /;
const MESSAGE = /^E_(?:WARNING|NOTICE|DEPRECATED): /;

/**
 * Reads an example's claims and inserts a probe at each.
 *
 * @param text - The example: statements, with a comment behind those whose value is claimed.
 */
export function instrument(text: string): Instrumented {
  const source = ts.createSourceFile('example.ts', text, ts.ScriptTarget.ES2023, true);
  const lineOf = (position: number): number => source.getLineAndCharacterOfPosition(position).line;
  const claims: Claim[] = [];
  const edits: { from: number; to: number; text: string }[] = [];
  const taken = new Set<number>();
  const visit = (node: ts.Node): void => {
    ts.forEachChild(node, visit);
    const given = givenBy(node);
    const comment = given && commentBehind(text, node.end);
    if (!given || !comment) return;
    taken.add(comment.pos);
    const index = claims.length;
    const expected = wordsOf(text, comment);
    claims.push({ line: lineOf(comment.pos), expected });
    const from = node.getStart(source);
    const statement = text.slice(from, node.end);
    if (THROWS.test(expected)) {
      const probe = `try { ${statement} __saw(${index}); } catch (error) { __threw(${index}, error); }`;
      edits.push({ from, to: node.end, text: probe });
    } else if (ts.isExpressionStatement(node)) {
      edits.push({ from, to: node.end, text: `__saw(${index}, ${given.getText(source)});` });
    } else {
      const probe = `${statement} __saw(${index}, ${given.getText(source)});`;
      edits.push({ from, to: node.end, text: probe });
    }
  };
  visit(source);
  const others = commentsOf(source).filter(({ pos }) => !taken.has(pos));
  const isAlone = ({ pos }: ts.CommentRange): boolean =>
    /^\s*$/.test(text.slice(text.lastIndexOf('\n', pos - 1) + 1, pos));
  return {
    code: edits
      .sort((one, other) => other.from - one.from)
      .reduce((code, edit) => code.slice(0, edit.from) + edit.text + code.slice(edit.to), text),
    claims,
    messages: others
      .filter(isAlone)
      .map((comment) => ({ line: lineOf(comment.pos), expected: wordsOf(text, comment) }))
      .filter(({ expected }) => MESSAGE.test(expected)),
    idle: others.filter((comment) => !isAlone(comment)).map(({ pos }) => lineOf(pos)),
  };
}

/** The part of a statement whose value a comment behind it claims. */
function givenBy(node: ts.Node): ts.Node | undefined {
  if (ts.isExpressionStatement(node)) return node.expression;
  if (!ts.isVariableStatement(node)) return undefined;
  const [declaration, ...more] = node.declarationList.declarations;
  return more.length === 0 && declaration && ts.isIdentifier(declaration.name)
    ? declaration.name
    : undefined;
}

function commentBehind(text: string, end: number): ts.CommentRange | undefined {
  return ts.getTrailingCommentRanges(text, end)?.[0];
}

function commentsOf(source: ts.SourceFile): ts.CommentRange[] {
  const found = new Map<number, ts.CommentRange>();
  const visit = (node: ts.Node): void => {
    const around = [
      ...(ts.getLeadingCommentRanges(source.text, node.pos) ?? []),
      ...(ts.getTrailingCommentRanges(source.text, node.end) ?? []),
    ];
    for (const comment of around) found.set(comment.pos, comment);
    for (const child of node.getChildren(source)) visit(child);
  };
  visit(source);
  return [...found.values()].sort((one, other) => one.pos - other.pos);
}

function wordsOf(text: string, { pos, end }: ts.CommentRange): string {
  return text
    .slice(pos, end)
    .replace(/^\/\/ ?/, '')
    .trimEnd();
}
