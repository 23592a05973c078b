/** npm's own settings by these names, which may be in a user's configuration. */
const NPMS_OWN = ['all', 'json', 'save'];

/**
 * Finds an option that npm has kept: of `npm run lesson 3 --once` the program receives the 3 alone,
 * and npm passes `once` on as an environment variable.
 *
 * @param options - The names of the program's options.
 * @returns The option's name; undefined when npm has kept none.
 */
export function keptByNpm(options: readonly string[]): string | undefined {
  return options.find((name) => {
    const setting = name.replace(/^no-/, '');
    return !NPMS_OWN.includes(setting) && process.env[`npm_config_${setting}`] !== undefined;
  });
}
