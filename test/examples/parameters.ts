/** Finds public methods without a sentence, and parameters that no `@param` describes. */
import ts from 'typescript';

type Host = ts.Declaration | ts.TypeElement;

/**
 * Lists a public name's methods and constructors without a sentence, and its parameters without a
 * description: of a function, of the members of a class or an interface, and of function types. A
 * method without text or tags has those of the method that it implements or overrides, as in editors;
 * members marked `@internal` are left out.
 *
 * @param exported - The name as a module exports it; a class that is exported as a type has no
 *   public constructor.
 * @param meant - The same name where it is declared.
 * @returns Each with its declaration, such as `Sessions.open(id)`.
 */
export function undescribedParameters(
  checker: ts.TypeChecker,
  exported: ts.Symbol,
  meant: ts.Symbol,
): { name: string; declaration: ts.Node }[] {
  const found: { name: string; declaration: ts.Node }[] = [];
  const isTypeOnly = (exported.declarations ?? []).some(ts.isTypeOnlyExportDeclaration);

  const readSignature = (node: ts.SignatureDeclaration, host: Host, name: string): void => {
    const tags = ts.isFunctionTypeNode(node)
      ? ts.getJSDocTags(host).filter(ts.isJSDocParameterTag).map(tagOf)
      : (checker.getSignatureFromDeclaration(node)?.getJsDocTags() ?? [])
          .filter(({ name }) => name === 'param')
          .map(({ text }) => ts.displayPartsToString(text));
    for (const [at, parameter] of node.parameters.entries()) {
      const given = parameter.name.getText();
      const described = ts.isIdentifier(parameter.name)
        ? tags.some((tag) => tag.startsWith(`${given} - `))
        : / - /.test(tags[at] ?? '');
      if (!described) found.push({ name: `${name}(${given})`, declaration: parameter });
    }
  };

  const readType = (type: ts.TypeNode, host: Host, name: string): void => {
    if (ts.isFunctionTypeNode(type)) readSignature(type, host, name);
    else if (ts.isTypeLiteralNode(type)) for (const each of type.members) readMember(each, name);
    else ts.forEachChild(type, (part) => void (isShape(part) && readType(part, host, name)));
  };

  const readMember = (member: ts.ClassElement | ts.TypeElement, owner: string): void => {
    const name = `${owner}.${member.name?.getText() ?? 'constructor'}`;
    if (ts.getJSDocTags(member).some(({ tagName }) => tagName.text === 'internal')) return;
    if (member.name && ts.isPrivateIdentifier(member.name)) return;
    if (ts.isConstructorDeclaration(member) && isTypeOnly) return;
    if (isSignature(member)) {
      if (isImplementation(checker, member)) return;
      const signature = checker.getSignatureFromDeclaration(member);
      if (!signature?.getDocumentationComment(checker).length) {
        found.push({ name, declaration: member });
      }
      readSignature(member, member, name);
    } else if ((ts.isPropertySignature(member) || ts.isPropertyDeclaration(member)) && member.type)
      readType(member.type, member, name);
  };

  for (const node of meant.declarations ?? []) {
    if (ts.isFunctionDeclaration(node)) {
      if (!isImplementation(checker, node)) readSignature(node, node, meant.name);
    } else if (ts.isClassDeclaration(node) || ts.isInterfaceDeclaration(node)) {
      for (const member of node.members) readMember(member, meant.name);
    } else if (ts.isTypeAliasDeclaration(node)) readType(node.type, node, meant.name);
  }
  return found;
}

function tagOf({ name, comment }: ts.JSDocParameterTag): string {
  return `${name.getText()} ${ts.getTextOfJSDocComment(comment) ?? ''}`;
}

/** Types whose parts are types of the same property: `((error: Error) => void) | undefined`. */
function isShape(node: ts.Node): node is ts.TypeNode {
  return (
    ts.isFunctionTypeNode(node) ||
    ts.isTypeLiteralNode(node) ||
    ts.isUnionTypeNode(node) ||
    ts.isIntersectionTypeNode(node) ||
    ts.isParenthesizedTypeNode(node)
  );
}

type Callable = ts.MethodDeclaration | ts.MethodSignature | ts.ConstructorDeclaration;

function isSignature(node: ts.Node): node is Callable {
  return (
    ts.isMethodDeclaration(node) || ts.isMethodSignature(node) || ts.isConstructorDeclaration(node)
  );
}

/** The body behind overloads, which callers do not see. */
function isImplementation(
  checker: ts.TypeChecker,
  node: ts.FunctionDeclaration | Callable,
): boolean {
  return checker.isImplementationOfOverload(node) === true;
}
