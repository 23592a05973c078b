/** One of the two clients: its buttons, its page, its cookie, and the lines it sent and got. */

import { type Client, type ClientName, NAMES, USERS } from '../clients.ts';
import type { Exchange } from '../exchange.ts';
import { explainSetCookie, readableByScripts } from '../explain-cookie.ts';
import { type Html, html } from '../html.ts';
import { action, type Scene } from './page.ts';
import { failureMessage } from './status.ts';
import { milliseconds } from './words.ts';

/** The buttons, which stay in place while everything below them changes. */
export function clientForms(scene: Scene, name: ClientName): Html {
  const fields = html`<input type="hidden" name="client" value="${name}">
    <div class="head"><h3 id="${name}-heading">${NAMES[name]}</h3>
      ${processPicker(name, scene.view.subject.condition)}</div>
    ${requestButtons(name)}`;
  return action(scene, '/client', fields);
}

/** Which of a class's two processes answers. */
export function processPicker(name: ClientName, condition: string): Html {
  return html`<label class="at">at <select name="at" id="at-${name}" title="Two processes of ${condition} share one table">
        <option value="1">process 1</option><option value="2">process 2</option>
      </select></label>`;
}

/** What a client can ask the counter page for. */
export function requestButtons(name: ClientName): Html {
  return html`<div class="buttons">
      <button class="primary" name="do" value="visit" id="visit-${name}">Visit</button>
      <button name="do" value="twice" id="twice-${name}" title="Two visits at the same moment">Visit ×2</button>
      <button name="do" value="login" id="login-${name}" title="as ${USERS[name]}">Log in</button>
      <button name="do" value="whoami" id="whoami-${name}">Who am I?</button>
      <button name="do" value="logout" id="logout-${name}">Log out</button>
    </div>`;
}

/** The page as the client sees it. */
export function clientPage({ stage }: Scene, name: ClientName): Html {
  const client = stage?.clients[name];
  if (client?.failure) return failureMessage(client.failure);
  if (!client?.last) {
    return html`<p class="screen empty">${
      name === 'you'
        ? 'Press Visit: the counter page answers, and with it comes a cookie.'
        : 'A second visitor, with cookies of her own. What if she sends yours?'
    }</p>`;
  }
  const { last } = client;
  return html`<div class="screen"><p class="shown">${last.text}</p>
    <p class="facts">${last.status} · ${milliseconds(last.milliseconds)} · process ${last.pid}</p></div>`;
}

/** The exchange that brought the page, line by line, and what its cookie means. */
export function clientWire({ stage }: Scene, name: ClientName): Html {
  const client = stage?.clients[name];
  if (!client) return html``;
  return html`${client.last && wireBox(client.last, name)}${explanation(client)}`;
}

/** The Cookie line, to be read and changed. */
export function cookieForm(scene: Scene, name: ClientName): Html {
  const cookie = scene.stage?.clients[name].cookie ?? '';
  return action(
    scene,
    '/client',
    html`<input type="hidden" name="client" value="${name}">${cookieFields(name, cookie, 'none')}`,
  );
}

/** The Cookie line as a field, with what it holds now. */
export function cookieFields(name: ClientName, cookie: string, placeholder: string): Html {
  return html`<div class="cookie">
    <label for="cookie-line-${name}">Cookie</label>
    <input id="cookie-line-${name}" name="cookie" value="${cookie}" placeholder="${placeholder}" autocomplete="off" spellcheck="false" autocapitalize="off" class="bytes">
    <button name="do" value="cookie" id="keep-${name}">Keep</button>
    <button name="do" value="forget" id="forget-${name}">Forget</button></div>`;
}

function wireBox({ request, response }: Exchange, name: ClientName): Html {
  const [status = '', ...headers] = response.filter((line) => !TRANSPORT.test(line));
  const cookies = headers.filter((line) => COOKIE.test(line));
  const others = headers.filter((line) => !COOKIE.test(line));
  return html`<div class="wire" tabindex="0" role="group" aria-label="Request and response of ${NAMES[name]}"><pre class="sent"><span class="unseen">Sent: </span>${request.map(mark)}</pre>
  <pre class="got"><span class="unseen">Received: </span>${[status, ...cookies].map(mark)}</pre>
  ${
    others.length > 0 &&
    html`<details id="headers-${name}"><summary>${others.length} more ${others.length === 1 ? 'header' : 'headers'}</summary><pre>${others.map(mark)}</pre></details>`
  }</div>`;
}

/** What belongs to the connection and to every answer alike. */
const TRANSPORT = /^(?:date|connection|keep-alive|transfer-encoding|content-type|x-process):/i;
const COOKIE = /^((?:Set-)?Cookie: )(.*)$/is;

function mark(line: string): Html {
  const [, name, value] = COOKIE.exec(line) ?? [];
  return name === undefined
    ? html`<span>${line}</span>\n`
    : html`<span class="key"><b>${name}</b>${value}</span>\n`;
}

function explanation(client: Client): Html {
  if (client.setCookie.length === 0) return html``;
  return html`${client.setCookie.map((line, index) => {
    const readable = readableByScripts(line);
    return html`<details id="explain-${client.name}-${index}" class="explain">
      <summary>Set-Cookie explained <span class="tag ${readable && 'bad'}">${
        readable ? 'readable by scripts' : 'hidden from scripts'
      }</span></summary>
      <table>
        <caption class="unseen">What the last Set-Cookie line of ${NAMES[client.name]} says</caption>
        <thead class="unseen"><tr><th scope="col">Attribute</th><th scope="col">Meaning</th></tr></thead>
        <tbody>${explainSetCookie(line).map(
          ({ attribute, present, meaning }) => html`<tr${!present && html` class="absent"`}>
          <th scope="row"><code>${attribute}</code> ${!present && html`<small>not set</small>`}</th><td>${meaning}</td></tr>`,
        )}</tbody>
      </table>
    </details>`;
  })}`;
}
