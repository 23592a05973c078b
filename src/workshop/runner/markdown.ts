/** A lesson's prose for a terminal: paragraphs, lists and code, without marks that mean nothing. */
import { marked, type Token, type Tokens } from 'marked';
import type { Terminal } from './terminal.ts';

/**
 * Finds a section of a lesson's page.
 *
 * @param page - The whole page.
 * @param heading - `Your turn`.
 * @returns What stands below the heading, or undefined.
 */
export function section(page: string, heading: string): string | undefined {
  const parts = page.split(/^## /m);
  const part = parts.find((each) => each.split('\n', 1)[0]?.trim() === heading);
  return part?.slice(part.indexOf('\n') + 1).trim();
}

/**
 * Takes a page of `##` sections apart.
 *
 * @param page - The whole page.
 * @returns Each section with its heading, in order.
 */
export function sections(page: string): { title: string; text: string }[] {
  return page
    .split(/^## /m)
    .slice(1)
    .map((part) => {
      const [title = ''] = part.split('\n', 1);
      return { title: title.trim(), text: part.slice(title.length).trim() };
    });
}

/**
 * Writes Markdown for a terminal.
 *
 * @param text - The Markdown; comments in it are dropped, front matter as well.
 * @param terminal - Gives width and colours.
 * @returns Lines without a final newline.
 */
export function renderMarkdown(text: string, terminal: Terminal): string {
  const body = text.replace(/^---\n[\s\S]*?\n---\n/, '').replaceAll(/<!--[\s\S]*?-->/g, '');
  const blocks = marked.lexer(body).map((token) => renderBlock(token, terminal));
  return blocks.filter((block) => block !== '').join('\n\n');
}

function renderBlock(token: Token, terminal: Terminal): string {
  switch (token.type) {
    case 'heading':
      return terminal.paint('bold', renderInline(token['tokens'], terminal));
    case 'paragraph':
    case 'text':
      return wrap(renderInline([token], terminal), terminal.width);
    case 'code':
      return indent(token['text'] as string, '    ');
    case 'blockquote':
      return indent(renderChildren(token as Tokens.Blockquote, terminal), '  ');
    case 'list':
      return renderList(token as Tokens.List, terminal);
    case 'space':
    case 'hr':
      return '';
    default:
      return token.raw.trim();
  }
}

function renderChildren({ tokens }: { tokens: Token[] }, terminal: Terminal): string {
  return tokens.map((token) => renderBlock(token, terminal)).join('\n');
}

function renderList({ items, ordered, start }: Tokens.List, terminal: Terminal): string {
  const narrow = { ...terminal, width: terminal.width - 4 };
  return items
    .map((item, index) => {
      const sign = ordered ? `${Number(start || 1) + index}.`.padEnd(4) : '  - ';
      return `${sign}${indent(renderChildren(item, narrow), '    ').trimStart()}`;
    })
    .join('\n');
}

function renderInline(tokens: Token[] | undefined, terminal: Terminal): string {
  return (tokens ?? []).map((token) => renderSpan(token, terminal)).join('');
}

function renderSpan(token: Token, terminal: Terminal): string {
  const children = (): string => renderInline((token as { tokens?: Token[] }).tokens, terminal);
  switch (token.type) {
    case 'strong':
      return terminal.paint('bold', children());
    case 'em':
      return children();
    case 'codespan': {
      const code = token['text'] as string;
      const painted = terminal.paint('cyan', code);
      return painted === code ? `\`${code}\`` : painted;
    }
    case 'link':
      return `${children()} (${token['href']})`;
    case 'br':
      return '\n';
    default:
      return 'tokens' in token && token.tokens ? children() : plain(token);
  }
}

function plain(token: Token): string {
  return 'text' in token && typeof token['text'] === 'string' ? token['text'] : token.raw;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with ESC
const colour = /\u001b\[\d+m/g;

function wrap(text: string, width: number): string {
  return text
    .split('\n')
    .join(' ')
    .split(/ +/)
    .reduce<string[]>((lines, word) => {
      const last = lines.at(-1);
      const length = `${last} ${word}`.replaceAll(colour, '').length;
      if (last === undefined || length > width) lines.push(word);
      else lines[lines.length - 1] = `${last} ${word}`;
      return lines;
    }, [])
    .join('\n');
}

function indent(text: string, by: string): string {
  return text.replaceAll(/^(?=.)/gm, by);
}
