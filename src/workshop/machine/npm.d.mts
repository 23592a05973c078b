/** The program and the first arguments with which npm is run, without a shell between. */
export function npm(): [program: string, ...first: string[]];
