/** Builds the site from the lessons' pages, the pages of docs/ and the API, and checks it. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { Application, LogLevel, TSConfigReader, TypeDocReader } from 'typedoc';
import { type Lesson, readLessons, root } from '../course/catalogue.ts';
import { inspectSite } from './inspect.ts';
import { documentNames } from './page.ts';
import { publicModules } from './public-modules.ts';
import { putInPlace } from './put-in-place.ts';
import { workshopPlugin } from './typedoc-plugin.ts';

/** The pages of docs/ in the order of a walk through them; those not named here follow. */
const ORDER = [
  'the-request',
  'the-format',
  'php-and-ours',
  'the-store',
  'quick-starts',
  'from-express-mysql-session',
  'the-table',
  'command-line',
  'secrets',
  'strategy-merge',
  'strategy-lock',
  'strategy-lease',
  'strategy-row',
  'strategy-none',
  'on-a-cluster',
  'the-costs',
  'the-contract',
  'the-board',
  'the-proofs',
  'the-matrix',
  'the-numbers',
  'from-here-to-the-library',
  'decisions',
  'adding-a-lesson',
];

export interface SiteReport {
  pages: number;
  milliseconds: number;
  /** One sentence for each fault; with a fault the site is not put in place. */
  faults: string[];
}

/**
 * Builds the site in a temporary folder and puts it in place if it has no fault.
 *
 * @param options - The folder; undefined checks everything and writes nothing.
 */
export async function buildSite(options: { out: string | undefined }): Promise<SiteReport> {
  const began = performance.now();
  const draft = mkdtempSync(join(tmpdir(), 'phpsessid-site-'));
  try {
    const { app, complaints } = await configure(readLessons(), draft);
    const project = await app.convert();
    if (project) {
      app.validate(project);
      await app.generateDocs(project, draft);
    }
    const faults = [...complaints, ...(project ? inspectSite(draft) : [])];
    if (!project && faults.length === 0) faults.push('TypeDoc could not read the sources');
    if (options.out && faults.length === 0) putInPlace(draft, options.out);
    return {
      pages: countPages(draft),
      milliseconds: Math.round(performance.now() - began),
      faults,
    };
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

function countPages(directory: string): number {
  const files = readdirSync(directory, { recursive: true, encoding: 'utf8' });
  return files.filter((name) => name.endsWith('.html')).length;
}

async function configure(
  lessons: Lesson[],
  out: string,
): Promise<{ app: Application; complaints: string[] }> {
  const modules = publicModules();
  const documents = [...lessons.map(({ files }) => files.readme), ...orderedDocuments()];
  const app = await Application.bootstrapWithPlugins(
    {
      options: join(root, 'docs/typedoc.json'),
      tsconfig: join(root, 'tsconfig.json'),
      basePath: root,
      // `npm run types` already checks the types of the whole project.
      skipErrorChecking: true,
      logLevel: 'Warn',
      entryPoints: [...modules.map(({ path }) => path), ...lessons.map(({ files }) => files.class)],
      projectDocuments: documents,
      groupOrder: groupOrder(documents),
      plugin: [workshopPlugin(lessons, modules)],
      out,
    },
    [new TypeDocReader(), new TSConfigReader()],
  );
  const complaints: string[] = [];
  const { logger } = app;
  const log = logger.log.bind(logger);
  logger.log = (message, level) => {
    if (level >= LogLevel.Warn) complaints.push(withoutColours(message));
    else log(message, level);
  };
  return { app, complaints };
}

/** Removes TypeDoc's colours and levels: here every message is a fault. */
function withoutColours(message: string): string {
  return stripVTControlCharacters(message)
    .replace(/\[(?:warning|error)\] /, '')
    .trim();
}

/** Groups in the order of their first pages; the library before the pages about this project. */
function groupOrder(documents: string[]): string[] {
  const groups = documents.flatMap(
    (path) => /^---\n(?:.*\n)*?group:\s*"?(.+?)"?\n/.exec(readFileSync(path, 'utf8'))?.[1] ?? [],
  );
  const last = 'Working on the workshop';
  const rest = [...new Set(groups)].filter((group) => group !== last);
  return [...rest, 'The library', 'The classes', last];
}

function orderedDocuments(): string[] {
  const place = (name: string) => {
    const index = ORDER.findIndex((each) => name === `docs/${each}.md`);
    return index < 0 ? ORDER.length : index;
  };
  return documentNames()
    .filter((name) => name !== 'docs/index.md')
    .sort((one, other) => place(one) - place(other))
    .map((name) => join(root, name));
}
