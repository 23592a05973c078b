/** A row's bytes as pieces to choose from: radio buttons, which need no script. */
import { isEnvelope } from '../../../serialize/index.ts';
import { type Anatomy, anatomyOf, type Piece } from '../anatomy.ts';
import { type Html, html } from '../html.ts';

/** The pieces of a row's data, each with its sentence. JSON needs none: it is read as it is. */
export function anatomy(data: Uint8Array, name: string): Html {
  if (isEnvelope(data)) return html`<p class="muted small">JSON, which any parser reads</p>`;
  const { pieces, omitted, broken } = anatomyOf(data);
  const front = omitted ? pieces.slice(0, omitted.after) : pieces;
  const back = omitted ? pieces.slice(omitted.after) : [];
  return html`<details class="anatomy small" id="anatomy-${name}"${broken && html` open`}>
    <summary>Byte by byte${broken && html` <span class="tag bad">✘ broken${broken.offset !== undefined && ` at byte ${broken.offset}`}</span>`}</summary>
    ${broken && html`<p class="message bad"><strong>${broken.message}</strong> ${broken.why}</p>`}
    <div class="strip line" role="radiogroup" aria-label="The parts of these ${data.byteLength} bytes">${front.map(
      (piece) => onePiece(piece, name),
    )}${
      omitted && html`<span class="muted">… ${omitted.count} more parts …</span>`
    }${back.map((piece) => onePiece(piece, name))}<p class="choose muted">Choose a part, with the mouse or with the arrow keys.</p></div>
  </details>`;
}

function onePiece(piece: Piece, name: string): Html {
  const { offset, role, text, sentence, characters } = piece;
  const id = `part-${name}-${offset}`;
  const shown = text === '' ? html`<i>the end</i>` : text;
  return html`<label><input type="radio" name="part-${name}" id="${id}" aria-label="${text} ${sentence}"><code class="piece ${role}" title="${sentence}" aria-hidden="true">${shown}</code><span class="sentence"><span aria-hidden="true">${sentence}</span>${
    characters.length > 0 && letters(characters)
  }</span></label>`;
}

function letters(characters: Anatomy['pieces'][number]['characters']): Html {
  return html` <span class="letters line">${characters.map(
    ({ character, bytes }) =>
      html`<span class="${bytes.length > 2 && 'wide'}"><b>${character}</b> <code>${bytes}</code></span> `,
  )}</span>`;
}
