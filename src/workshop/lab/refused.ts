/** A button that cannot do its work now; the message says when it can. */
export class Refused extends Error {
  override name = 'Refused';
}
