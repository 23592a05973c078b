/** Finds faults of the built site: headings, ids, links, and files from elsewhere. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';

interface BuiltPage {
  name: string;
  path: string;
  html: string;
  ids: Set<string>;
}

/**
 * Inspects every page and style sheet of a built site: one sentence a fault, which begins with the
 * page's name.
 */
export function inspectSite(directory: string): string[] {
  const files = readdirSync(directory, { recursive: true, encoding: 'utf8' });
  const pages = files.filter((name) => name.endsWith('.html')).map((name) => read(directory, name));
  const byPath = new Map(pages.map((page) => [page.path, page]));
  const styles = files.filter((name) => name.endsWith('.css'));
  return [
    ...pages.flatMap((page) => [
      ...inspectHeadings(page),
      ...inspectIds(page),
      ...inspectLoads(page),
      ...inspectLinks(page, byPath),
    ]),
    ...styles.flatMap((name) => inspectStyle(name, readFileSync(join(directory, name), 'utf8'))),
  ];
}

function read(directory: string, name: string): BuiltPage {
  const path = join(directory, name);
  const html = readFileSync(path, 'utf8');
  const ids = new Set([...html.matchAll(/\sid="([^"]+)"/g)].map((match) => match[1] ?? ''));
  return { name: name.replaceAll(sep, '/'), path, html, ids };
}

function inspectHeadings({ name, html }: BuiltPage): string[] {
  const faults: string[] = [];
  if (!/<title>[^<]+<\/title>/.test(html)) faults.push(`${name} has no title`);
  const first = html.match(/<h1[\s>]/g)?.length ?? 0;
  if (first !== 1) faults.push(`${name} has ${first} first-level headings instead of one`);
  const headings = [...html.matchAll(/<h([12])[^>]*>([\s\S]*?)<\/h\1>/g)].map((match) =>
    (match[2] ?? '').replace(/<[^>]+>/g, '').trim(),
  );
  const twice = headings.filter((text, index) => text && headings.indexOf(text) !== index);
  for (const text of new Set(twice)) faults.push(`${name} has the heading "${text}" twice`);
  return faults;
}

function inspectIds({ name, html }: BuiltPage): string[] {
  const all = [...html.matchAll(/\sid="([^"]+)"/g)].map((match) => match[1] ?? '');
  const twice = all.filter((id, index) => all.indexOf(id) !== index);
  return [...new Set(twice)].map((id) => `${name} gives the id "${id}" to two elements`);
}

/** Scripts, styles and fonts must be local; links that a reader follows need not be. */
function inspectLoads({ name, html }: BuiltPage): string[] {
  const loads = [
    ...html.matchAll(/<(?:script|img|iframe|source|audio|video|embed)\b[^>]*?\ssrc="([^"]*)"/g),
    ...html.matchAll(/<link\b[^>]*?\shref="([^"]*)"/g),
    ...html.matchAll(/@import\s+(?:url\()?["']?([^"')]+)/g),
    ...html.matchAll(/url\(["']?([^"')#][^"')]*)/g),
  ].map((match) => match[1] ?? '');
  return [...new Set(loads)]
    .filter(isElsewhere)
    .map((address) => `${name} loads ${address} from elsewhere`);
}

function inspectStyle(name: string, css: string): string[] {
  const loads = [...css.matchAll(/(?:url\(\s*|@import\s+)["']?([^"')\s;]+)/g)];
  return loads
    .map((match) => match[1] ?? '')
    .filter(isElsewhere)
    .map((address) => `${name} loads ${address} from elsewhere`);
}

function inspectLinks(page: BuiltPage, pages: Map<string, BuiltPage>): string[] {
  const links = [...page.html.matchAll(/<a\b[^>]*?\shref="([^"]*)"/g)].map(
    (match) => match[1] ?? '',
  );
  const local = new Set(links.filter((link) => link && !isElsewhere(link)));
  return [...local].flatMap((link) => {
    const [address = '', fragment] = link.split('#');
    const path = address ? join(dirname(page.path), decodeURIComponent(address)) : page.path;
    if (!existsSync(path)) return [`${page.name} links to ${link}, which is not there`];
    const target = pages.get(path);
    if (fragment && target && !target.ids.has(decodeURIComponent(fragment))) {
      return [
        `${page.name} links to ${link}, but ${relative(dirname(page.path), path)} has no such heading`,
      ];
    }
    return [];
  });
}

function isElsewhere(address: string): boolean {
  return /^(?:[a-z][a-z0-9+.-]*:)?\/\//i.test(address) || /^(?:mailto|https?):/i.test(address);
}
