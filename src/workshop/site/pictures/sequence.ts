/** Sequence diagrams in Mermaid, which GitHub draws and the site and the lab draw as well. */
import { block, type Yield } from '../page.ts';

/** An arrow between two of the diagram's lanes. */
export interface Arrow {
  from: string;
  to: string;
  /** A few words: the narrowest renderer has room for 18 characters. */
  says: string;
  /** The answer to an arrow above, drawn with a broken line. */
  isAnswer?: boolean | undefined;
}

interface Sequence {
  /** Becomes the drawing's accessible name. */
  title: string;
  /** The lanes from left to right. */
  lanes: readonly string[];
  arrows: readonly Arrow[];
}

/** The widest label that fits between two lanes. */
const LONGEST = 18;

/** GitHub shrinks a drawing to the width of a phone; these settings keep its text legible there. */
const NARROW = {
  sequence: {
    width: 80,
    actorMargin: 10,
    diagramMarginX: 4,
    messageFontSize: 14,
    wrapPadding: 0,
    mirrorActors: false,
  },
};

/**
 * Draws a sequence, with its arrows as sentences for the text alternative.
 *
 * @throws RangeError for a label that is too long, and for a lane that the diagram lacks.
 */
export function drawSequence({ title, lanes, arrows }: Sequence): Yield {
  const name = (lane: string): string => {
    const index = lanes.indexOf(lane);
    if (index < 0) throw new RangeError(`"${lane}" is not one of the lanes ${lanes.join(', ')}`);
    return `L${index + 1}`;
  };
  const drawn = arrows.map(({ from, to, says, isAnswer }) => {
    if (says.length > LONGEST) {
      throw new RangeError(`"${says}" has more than ${LONGEST} characters`);
    }
    // Mermaid ends a statement at a semicolon and begins an entity with a number sign.
    return `  ${name(from)}${isAnswer ? '-->>' : '->>'}${name(to)}: ${says.replace(/[;#]/g, ' ')}`;
  });
  const description = arrows.map(({ from, to, says }) => `${from} to ${to}: ${says}.`).join(' ');
  return block(
    [
      '```mermaid',
      `%%{init: ${JSON.stringify(NARROW)}}%%`,
      'sequenceDiagram',
      `  accTitle: ${title}`,
      `  accDescr: ${description.replace(/[;#]/g, ',')}`,
      ...lanes.map((lane) => `  participant ${name(lane)} as ${lane}`),
      ...drawn,
      '```',
    ].join('\n'),
  );
}
