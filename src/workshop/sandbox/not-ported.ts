/** The error of a callback that the class does not have yet: the exercise, not a fault. */
export class NotPorted extends Error {
  override readonly name = 'NotPorted';
  readonly code = 'NOT_PORTED';

  /** @param method - The method as its file spells it, and how it is declared. */
  constructor(method: { name: string; example: string }) {
    super(`Sessions.${method.name} is not ported yet. It begins: ${method.example}`);
  }
}
