/**
 * Compares a class with a lesson's, member by member. A solution is discussed by its methods; the
 * difference of two whole files is mostly quotes, comments and line breaks.
 */
import { createRequire } from 'node:module';
import { createTwoFilesPatch } from 'diff';
import type typescript from 'typescript';

/** Nine megabytes, which every command would load with an import, and only `diff` needs. */
const loadTypeScript = (): typeof typescript => createRequire(import.meta.url)('typescript');

/** One part of a class file: a method, a field, a helper beside the class, or all imports. */
interface MemberDifference {
  /** `Read`, `toEnvelope`, or `outside the class`. */
  name: string;
  /** Lines with `-` for the learner's, `+` for the lesson's; empty where the two are the same. */
  patch: string;
}

/** The statements of a file that declare nothing, such as its imports. */
const outside = 'outside the class';

/**
 * Compares a class with a lesson's, in the members that the lesson adds or changes and in those that
 * only the learner has. Comments, quotes and line breaks do not count.
 *
 * @param own - The learner's file.
 * @param lesson - The lesson's.
 * @param before - The file from which the lesson starts; undefined for the first lesson.
 * @returns The compared members, in the lesson's order; and the names of other members that differ.
 */
export function compareMembers(
  own: string,
  lesson: string,
  before: string | undefined,
): { members: MemberDifference[]; others: string[] } {
  const [mine, wanted, old] = [own, lesson, before ?? ''].map(readMembers) as [
    Map<string, string>,
    Map<string, string>,
    Map<string, string>,
  ];
  const names = [...new Set([...wanted.keys(), ...mine.keys()])];
  const isOwn = (name: string): boolean =>
    !isSame(wanted.get(name), old.get(name)) || !(wanted.has(name) || old.has(name));
  const members = names.filter(isOwn).map((name) => {
    return { name, patch: difference(mine.get(name) ?? '', wanted.get(name) ?? '') };
  });
  const others = names.filter((name) => !isOwn(name) && !isSame(mine.get(name), wanted.get(name)));
  return { members, others };
}

/** The members of a file's classes by name, printed in one style. */
function readMembers(text: string): Map<string, string> {
  const ts = loadTypeScript();
  const source = ts.createSourceFile('sessions.ts', text, ts.ScriptTarget.Latest, true);
  const members = new Map<string, string>();
  const add = (name: string, node: typescript.Node): void => {
    members.set(name, [members.get(name) ?? '', print(node, source)].join('\n').trim());
  };
  for (const statement of source.statements) {
    if (!ts.isClassDeclaration(statement) || statement.name?.text !== 'Sessions') {
      add(declaredName(statement) ?? outside, statement);
      continue;
    }
    for (const member of statement.members) {
      if (isImported(member)) continue;
      add(member.name?.getText(source) ?? member.getText(source).slice(0, 40), member);
    }
  }
  return members;
}

/** The name of a function, type, class or constant beside the class. */
function declaredName(statement: typescript.Statement): string | undefined {
  const ts = loadTypeScript();
  const [constant] = ts.isVariableStatement(statement)
    ? statement.declarationList.declarations
    : [];
  return ts
    .getNameOfDeclaration(constant ?? (statement as typescript.DeclarationStatement))
    ?.getText();
}

/** Whether a member is a function of that name beside the class: `static census = census`. */
function isImported(member: typescript.ClassElement): boolean {
  const ts = loadTypeScript();
  const value = ts.isPropertyDeclaration(member) ? member.initializer : undefined;
  return value !== undefined && ts.isIdentifier(value) && value.text === member.name?.getText();
}

function print(node: typescript.Node, source: typescript.SourceFile): string {
  const ts = loadTypeScript();
  const printer = ts.createPrinter({ removeComments: true });
  const { transformed } = ts.transform(node, [singleQuotes]);
  const text = printer.printNode(ts.EmitHint.Unspecified, transformed[0] ?? node, source);
  return text
    .replace(/^export /, '')
    .replaceAll(/^(?: {4})+/gm, (indent) => indent.slice(indent.length / 2));
}

/** Prints every string in the same quotes. */
const singleQuotes: typescript.TransformerFactory<typescript.Node> = (context) => {
  const ts = loadTypeScript();
  const visit = (node: typescript.Node): typescript.Node =>
    ts.isStringLiteral(node)
      ? ts.factory.createStringLiteral(node.text, !node.text.includes("'"))
      : ts.visitEachChild(node, visit, context);
  return visit;
};

/** A function that later lessons import was a method: only the words before its name differ. */
function isSame(one: string | undefined, other: string | undefined): boolean {
  const words = /^(?:(?:static|async|function) )+/;
  return one?.replace(words, '') === other?.replace(words, '');
}

function difference(mine: string, wanted: string): string {
  if (isSame(mine, wanted)) return '';
  const [old, next] = [mine, wanted].map((text) => (text === '' ? '' : `${text}\n`)) as [
    string,
    string,
  ];
  const patch = createTwoFilesPatch('', '', old, next, '', '', { context: 99 });
  return patch.replace(/^[\s\S]*?@@[^\n]*\n/, '').trimEnd();
}
