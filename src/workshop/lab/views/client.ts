/** One of the two clients: its buttons, its page, its cookie, and the lines it sent and received. */
import { type Client, type ClientName, NAMES, USERS } from '../clients.ts';
import type { Exchange } from '../exchange.ts';
import { explainSetCookie, readableByScripts } from '../explain-cookie.ts';
import { type Html, html } from '../html.ts';
import { count, milliseconds } from '../text.ts';
import { actionForm, type PageModel } from './model.ts';
import { failureMessage } from './status.ts';

/** The buttons, which stay in place while everything below them changes. */
export function clientForms(model: PageModel, name: ClientName): Html {
  return actionForm(
    model,
    '/client',
    html`<input type="hidden" name="client" value="${name}">
    <div class="line spread"><h3 id="${name}-heading">${NAMES[name]}</h3>
      ${processPicker(name, model.view.subject.condition)}</div>
    ${requestButtons(name)}`,
  );
}

/** The choice between a class's two processes. */
export function processPicker(name: ClientName, condition: string): Html {
  return html`<label class="at small muted">at <select name="at" id="at-${name}" aria-label="at which process" title="Two processes of ${condition} share one table">
        <option value="1">process 1</option><option value="2">process 2</option>
      </select></label>`;
}

/** The requests that a client can send to the counter page. */
export function requestButtons(name: ClientName): Html {
  return html`<div class="line">
      <button class="primary" name="do" value="visit" id="visit-${name}">Visit</button>
      <button name="do" value="twice" id="twice-${name}" title="Two visits at the same moment">Visit ×2</button>
      <button name="do" value="login" id="login-${name}" title="as ${USERS[name]}">Log in</button>
      <button name="do" value="whoami" id="whoami-${name}">Who am I?</button>
      <button name="do" value="logout" id="logout-${name}">Log out</button>
    </div>`;
}

/** The page as the client sees it. */
export function clientPage({ running }: PageModel, name: ClientName): Html {
  const client = running?.clients[name];
  if (client?.failure) return failureMessage(client.failure);
  if (!client?.last) {
    return html`<p class="screen well muted">${
      name === 'you'
        ? 'Press Visit: the counter page answers, and with it comes a cookie.'
        : 'A second visitor, with cookies of her own. What if she sends yours?'
    }</p>`;
  }
  const { last } = client;
  return html`<div class="screen well line spread"><p class="shown">${last.text}</p>
    <p class="fine muted">${last.status} · ${milliseconds(last.milliseconds)} · process ${last.pid}</p></div>`;
}

/** The exchange that brought the page, line by line, and what its cookie means. */
export function clientWire({ running }: PageModel, name: ClientName): Html {
  const client = running?.clients[name];
  if (!client) return html``;
  return html`${client.last && wireBox(client.last, name)}${explanation(client)}`;
}

/** The Cookie line, to be read and changed. */
export function cookieForm(model: PageModel, name: ClientName): Html {
  const cookie = model.running?.clients[name].cookie ?? '';
  return actionForm(
    model,
    '/client',
    html`<input type="hidden" name="client" value="${name}">${cookieFields(name, cookie, 'none')}`,
  );
}

/** The Cookie line as a field, with its current value. */
export function cookieFields(name: ClientName, cookie: string, placeholder: string): Html {
  return html`<div class="cookie line">
    <label for="cookie-line-${name}" class="small muted">Cookie</label>
    <input id="cookie-line-${name}" name="cookie" value="${cookie}" placeholder="${placeholder}" autocomplete="off" spellcheck="false" autocapitalize="off" class="bytes">
    <button name="do" value="cookie" id="keep-${name}" aria-label="Keep the cookie">Keep</button>
    <button name="do" value="forget" id="forget-${name}" aria-label="Delete the cookie">Delete</button></div>`;
}

function wireBox({ request, response }: Exchange, name: ClientName): Html {
  const [status = '', ...headers] = response.filter((line) => !TRANSPORT.test(line));
  const cookies = headers.filter((line) => COOKIE.test(line));
  const others = headers.filter((line) => !COOKIE.test(line));
  return html`<div class="wire fine muted" tabindex="0" role="group" aria-label="Request and response of ${NAMES[name]}"><pre class="sent"><span class="unseen">Sent: </span>${request.map(mark)}</pre>
  <pre class="got"><span class="unseen">Received: </span>${[status, ...cookies].map(mark)}</pre>
  ${
    others.length > 0 &&
    html`<details id="headers-${name}"><summary>${count(others.length, 'more header')}</summary><pre>${others.map(mark)}</pre></details>`
  }</div>`;
}

/** Headers of the connection, and those that every answer has. */
const TRANSPORT = /^(?:date|connection|keep-alive|transfer-encoding|content-type|x-process):/i;
/** Room for a name and for the 64 hexadecimal digits of a random id. */
const LONGEST_PAIR = 120;
const COOKIE = /^((?:Set-)?Cookie: )(.*)$/is;

function mark(line: string): Html {
  const [, name, value = ''] = COOKIE.exec(line) ?? [];
  return name === undefined
    ? html`<span>${line}</span>\n`
    : html`<span class="key"><b>${name}</b>${value.split(/(?<=;)/).map(shortenValue)}</span>\n`;
}

/** A sealed cookie would push the attributes behind it out of the box; the Cookie field has it whole. */
function shortenValue(pair: string): Html {
  if (pair.length <= LONGEST_PAIR) return html`${pair}`;
  const [front, back] = [pair.slice(0, 40), pair.slice(-12)];
  return html`<span title="${pair}">${front}<span class="tag">… ${pair.length - 52} more …</span>${back}</span>`;
}

function explanation({ name, last }: Client): Html {
  return html`${last?.setCookie.map((line, index) => {
    const readable = readableByScripts(line);
    return html`<details id="explain-${name}-${index}" class="explain small">
      <summary>Set-Cookie explained <span class="tag ${readable && 'bad'}">${
        readable ? 'readable by scripts' : 'hidden from scripts'
      }</span></summary>
      <table>
        <caption class="unseen">The last Set-Cookie line of ${NAMES[name]}, attribute by attribute</caption>
        <thead class="unseen"><tr><th scope="col">Attribute</th><th scope="col">Meaning</th></tr></thead>
        <tbody>${explainSetCookie(line).map(
          ({ attribute, present, meaning }) => html`<tr${!present && html` class="absent"`}>
          <th scope="row"><code>${attribute}</code> ${!present && html`<small>not set</small>`}</th><td>${meaning}</td></tr>`,
        )}</tbody>
      </table>
    </details>`;
  })}`;
}
