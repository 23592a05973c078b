/** The library's public modules, for the site and for the tests of the examples. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../course/catalogue.ts';

/** A public module of the library and the name it is imported by. */
export interface PublicModule {
  path: string;
  name: string;
}

/** The modules that package.json exports, each with its absolute path. */
export function publicModules(): PublicModule[] {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    exports: Record<string, string | { default: string }>;
  };
  return Object.entries(exports).flatMap(([entry, target]) => {
    if (typeof target === 'string') return [];
    const path = target.default.replace(/^\.\/dist\/(.*)\.js$/, 'src/$1.ts');
    return [{ name: entry.replace('.', 'phpsessid'), path: join(root, path) }];
  });
}
