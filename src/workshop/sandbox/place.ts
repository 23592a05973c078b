/** Where in the learner's file an error points: the first of its lines that lies in lessons/. */
import { isLessonFile, root, shown } from '../course/catalogue.ts';
import type { Fault } from './report.ts';

interface CompileMessage {
  text: string;
  location?: { file: string; line: number } | null | undefined;
}

/**
 * Finds the first place inside the lessons' folder.
 *
 * @param stack An error's stack, or any text with `file:line` in it.
 * @returns `lessons/mine/sessions.ts:31`, or undefined where the stack never touches a lesson.
 */
export function findPlace(stack: string): string | undefined {
  for (const [, file, line] of stack.matchAll(
    /((?:file:\/\/)?\/?[^\s()]*\.ts)(?:\?[^:\s]*)?:(\d+)/g,
  )) {
    if (file && isLessonFile(file)) return `${shown(file)}:${line}`;
  }
  return undefined;
}

/**
 * Turns whatever was thrown into a sentence with a place.
 *
 * @param thrown What a class threw while it was loaded or run.
 */
export function describeFault(thrown: unknown): Fault {
  const compile = readCompileMessage(thrown);
  if (compile) {
    const at = compile.location;
    const place = at ? `${shown(at.file)}:${at.line}` : undefined;
    return { message: `Syntax error: ${endSentence(compile.text)}`, place };
  }
  if (!(thrown instanceof Error)) {
    return {
      message: `Something that is no Error was thrown: ${String(thrown)}.`,
      place: undefined,
    };
  }
  const code = 'code' in thrown && typeof thrown.code === 'string' ? ` (${thrown.code})` : '';
  const text = (thrown.message.split('\n', 1)[0] ?? '').replaceAll(`${root}/`, '');
  return {
    message: `${thrown.name}${code}: ${endSentence(text)}`,
    place: findPlace(thrown.stack ?? ''),
  };
}

/** What the compiler says of a file it cannot read: an error with a list of errors. */
function readCompileMessage(thrown: unknown): CompileMessage | undefined {
  if (!(thrown instanceof Error)) return undefined;
  if ('errors' in thrown && Array.isArray(thrown.errors)) {
    const first = thrown.errors[0] as CompileMessage | undefined;
    if (first && typeof first.text === 'string') return first;
  }
  // The loader runs in a thread of its own, and of a compile error only the text survives the way.
  const found = /^(\/.*?|[A-Z]:.*?):(\d+):\d+: ERROR: (.*)$/m.exec(thrown.message);
  if (!found?.[1] || !found[3]) return undefined;
  return { text: found[3], location: { file: found[1], line: Number(found[2]) } };
}

function endSentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
