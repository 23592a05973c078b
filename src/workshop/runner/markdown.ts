/** Renders a lesson's prose for a terminal: paragraphs, lists and code without Markdown's marks. */
import { marked, type Token, type Tokens } from 'marked';
import type { Terminal } from './terminal.ts';

/** Splits a page into its `##` sections, in order. */
export function sections(page: string): { title: string; text: string }[] {
  const [, ...parts] = page.split(/^## /m);
  return parts.map((part) => {
    const [title = ''] = part.split('\n', 1);
    return { title: title.trim(), text: part.slice(title.length).trim() };
  });
}

/** Renders Markdown for a terminal; comments and front matter are dropped. */
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
