/** The folder that holds the lessons. */
export const lessonsFolder: string;

/**
 * Lists the lessons' folders, in order.
 *
 * @param folder - The folder that holds them.
 * @returns Absolute paths.
 */
export function lessonFolders(folder?: string): string[];

/**
 * Lists a lesson's wrong fixes.
 *
 * @param directory - The lesson's folder.
 * @returns Absolute paths of the patches, sorted by name.
 */
export function patchFiles(directory: string): string[];

/** The class that is made from a wrong fix's patch. */
export function madeFile(patchFile: string): string;

/**
 * Applies a patch to a class.
 *
 * @param change - Begins the remedy: `take lesson 02's idea out of` (a copy of the class).
 * @returns The patched text, or a sentence that names both files and says how to write the patch
 * anew.
 */
export function applyTo(
  classFile: string,
  patchFile: string,
  change: string,
): { text: string } | { problem: string };

/** A patch that could not be applied. */
export interface PatchProblem {
  /** Absolute path. */
  patch: string;
  /** Names the patch and the lesson, with the remedy. */
  problem: string;
}

/**
 * Makes every wrong fix from its patch, and deletes those whose patch is gone or does not apply.
 *
 * @param folders - The lessons' folders.
 * @returns The patches that could not be applied; empty when all could.
 */
export function makeWrongFixes(folders?: readonly string[]): PatchProblem[];
