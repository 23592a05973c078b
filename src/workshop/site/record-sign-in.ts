/** Records a sign-in that moves the session to a new id, and draws its callbacks. */
import type { CallbackMessage } from '../sandbox/messages.ts';
import type { Yield } from './page.ts';
import { type Arrow, drawSequence } from './pictures/sequence.ts';
import { type Recorded, withRecordedPage } from './record-page.ts';

const [OLD, PHP, NEW] = ['the old id', 'PHP', 'the new id'] as const;

/** Draws the callbacks of a sign-in, each on the side of the id that it is about. */
export async function drawSignIn(recorded: Recorded): Promise<Yield> {
  const { calls, answers, before } = await withRecordedPage(recorded, async ({ request }) => {
    const { cookie } = await request();
    const { messages, ...signedIn } = await request({ path: '/login?user=ann', cookie });
    if (signedIn.cookie === cookie) throw new Error('the sign-in has kept the id');
    return {
      calls: messages.filter((each) => each.type === 'callback'),
      answers: new Map(
        messages.flatMap((each) =>
          each.type === 'callback-end' ? [[each.step, each.answer] as const] : [],
        ),
      ),
      before: cookie.split('=')[1] ?? '',
    };
  });
  const arrows = calls.flatMap((call, index): Arrow[] => {
    const side = sideOf(calls, index, before);
    const answer = call.name === 'validate_sid' ? answers.get(call.step) : undefined;
    return [
      { from: PHP, to: side, says: call.name },
      ...(answer === undefined ? [] : [{ from: side, to: PHP, says: answer, isAnswer: true }]),
    ];
  });
  return drawSequence({
    title: 'The callbacks of a sign-in, by the id that each is about',
    lanes: [OLD, PHP, NEW],
    arrows,
  });
}

/** The first `open` is of the old session, the second of the new one. */
function sideOf(calls: readonly CallbackMessage[], index: number, before: string): string {
  const opened = calls.slice(0, index + 1).filter(({ name }) => name === 'open').length;
  const { name, values } = calls[index] as CallbackMessage;
  const isOld = values[0] === JSON.stringify(before);
  if (/^(validate|read|write|destroy)/.test(name) && isOld !== (opened === 1)) {
    throw new Error(`${name} is called with an id of the other session`);
  }
  return opened === 1 ? OLD : NEW;
}
