/** Pages of HTML, and text in them. */
import type { ServerResponse } from 'node:http';

/** Sends a page of HTML. */
export function sendPage(response: ServerResponse, status: number, html: string): void {
  response.writeHead(status, { 'Content-Type': 'text/html; charset=UTF-8' });
  response.end(html);
}

/** Writes text as HTML that shows it. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
