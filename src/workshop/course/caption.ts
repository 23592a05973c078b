/** The captions of blocks of code, for the lab and the site. */

/** Names a block's source, as the marker above it does: `code`, and `./sessions.ts#read`. */
export function captionOf(kind: string, argument = ''): string {
  const file = (text: string) =>
    text
      .trim()
      .replace(/^(?:\.\.?\/)+/, '')
      .replace('#', ' · ');
  switch (kind) {
    case 'code':
      return file(argument);
    case 'diff': {
      const [from, to] = argument.split(' with ');
      if (to) return `${file(from ?? '')} → ${file(to)}`;
      return `${argument ? file(argument) : 'sessions.ts'}, against the lesson before`;
    }
    case 'transcript':
      return `The attack on ${className(argument)}`;
    case 'output':
      if (argument.startsWith('php ')) return `What ${file(argument.slice(4))} prints in PHP 8.4`;
      return `This lesson’s tests on ${className(argument)}`;
    default:
      return kind;
  }
}

/** `attack on wrong-02-null` speaks of wrong/null.patch, `attack on lesson-01` of that lesson's class. */
function className(argument: string): string {
  const condition = argument.replace(/^\w+ on /, '');
  const wrong = /^wrong-\d+-(.+)$/.exec(condition)?.[1];
  return wrong ? `wrong/${wrong}.patch` : `the class of ${condition.replace('-', ' ')}`;
}
