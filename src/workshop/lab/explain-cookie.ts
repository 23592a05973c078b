/** Explains a Set-Cookie line to a reader: what each attribute does, and what its absence means. */
import { isRemoval, readSetCookie } from '../sandbox/cookies.ts';

/** One attribute of a Set-Cookie line, present or absent, and what follows from it. */
interface Explained {
  /** The attribute as spelled in the line, or the name of a missing attribute. */
  attribute: string;
  present: boolean;
  meaning: string;
}

/** Explains the cookie itself, then every attribute that its Set-Cookie line has or lacks. */
export function explainSetCookie(setCookie: string): Explained[] {
  const { name, value, attributes } = readSetCookie(setCookie);
  const spelt = (key: string, label: string) => {
    const written = attributes.get(key);
    return written === undefined ? label : written === '' ? label : `${label}=${written}`;
  };
  const row = (key: string, label: string, set: string, absent: string): Explained => {
    const present = attributes.has(key);
    return {
      attribute: present ? spelt(key, label) : label,
      present,
      meaning: present ? set : absent,
    };
  };
  return [
    {
      attribute: `${name}=${value}`,
      present: true,
      meaning: isRemoval(attributes)
        ? 'The browser removes the cookie: its end lies in the past.'
        : 'The browser sends this back with each request to this host. Anyone who sends it is this visitor.',
    },
    row(
      attributes.has('max-age') ? 'max-age' : 'expires',
      attributes.has('max-age') ? 'Max-Age' : 'Expires',
      `Kept ${lifetime(attributes)}, also when the browser is closed.`,
      'Kept until the browser is closed.',
    ),
    row(
      'path',
      'Path',
      'Sent with every address below this path.',
      'Sent below the folder of this page.',
    ),
    row(
      'domain',
      'Domain',
      'Sent to this domain and to all its subdomains, and each of those can overwrite it.',
      'Sent to this host only.',
    ),
    row(
      'secure',
      'Secure',
      'Sent over HTTPS only.',
      'Also sent over plain HTTP, where anyone on the way can read it.',
    ),
    row(
      'httponly',
      'HttpOnly',
      'Scripts cannot read it: document.cookie does not show it.',
      'Readable by scripts: document.cookie shows it to any script on the page.',
    ),
    row(
      'samesite',
      'SameSite',
      sameSite(attributes.get('samesite') ?? ''),
      'Not said. Chromium then assumes Lax, with two minutes of grace; others may send it always.',
    ),
  ];
}

/** True when a script on the page can read the cookie. */
export function readableByScripts(setCookie: string): boolean {
  return !readSetCookie(setCookie).attributes.has('httponly');
}

function lifetime(attributes: Map<string, string>): string {
  const age = attributes.get('max-age');
  if (age === undefined) return `until ${attributes.get('expires')}`;
  const seconds = Number(age);
  if (seconds >= 172_800) return `for ${Math.round(seconds / 86_400)} days`;
  return `for ${seconds} seconds`;
}

function sameSite(value: string): string {
  switch (value.toLowerCase()) {
    case 'strict':
      return 'Never sent with a request that another site began.';
    case 'lax':
      return 'Sent when a link from another site is followed, not with its forms and pictures.';
    default:
      return 'Sent with requests that other sites begin, too.';
  }
}
