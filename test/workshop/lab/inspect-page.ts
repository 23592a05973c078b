/** An accessibility checker's rules. Each function runs inside the page, so it has its own helpers. */

/** Landmarks, headings and ids; one sentence a fault. */
export function structureFaults(): string[] {
  const faults: string[] = [];
  const say = (element: Element, fault: string) =>
    faults.push(`${element.outerHTML.slice(0, 90).replace(/\s+/g, ' ')}: ${fault}`);
  const all = (selector: string) => [...document.querySelectorAll<HTMLElement>(selector)];

  for (const [selector, count] of [
    ['main', 1],
    ['h1', 1],
    ['head > title', 1],
    ['[aria-live=polite]', 1],
  ] as const) {
    if (all(selector).length !== count) faults.push(`there must be ${count} ${selector}`);
  }
  if (!document.documentElement.lang) faults.push('the page has no language');

  let level = 0;
  for (const heading of all('h1, h2, h3, h4, h5, h6')) {
    const own = Number(heading.localName.slice(1));
    if (own > level + 1) say(heading, `follows a heading of level ${level}`);
    if (!heading.textContent?.trim()) say(heading, 'is empty');
    level = own;
  }

  const ids = new Set<string>();
  for (const element of all('[id]')) {
    if (ids.has(element.id)) say(element, 'has an id that is already taken');
    ids.add(element.id);
  }
  for (const element of all('[aria-labelledby]')) {
    for (const id of element.getAttribute('aria-labelledby')?.split(/\s+/) ?? []) {
      if (!document.getElementById(id)) say(element, `is labelled by ${id}, which does not exist`);
    }
  }
  for (const element of all('nav, section, [role=region], [role=group]')) {
    const named = element.hasAttribute('aria-label') || element.hasAttribute('aria-labelledby');
    if (!named) say(element, 'has no name');
  }
  const names = new Set<string>();
  for (const element of all('nav, section, [role=region]')) {
    const label = document.getElementById(element.getAttribute('aria-labelledby') ?? '');
    const name = element.getAttribute('aria-label') ?? label?.textContent?.trim() ?? '';
    if (names.has(name)) say(element, `has the name of another landmark: ${name}`);
    names.add(name);
  }
  return faults;
}

/** Controls, tables, links and pictures that a screen reader cannot name; one sentence a fault. */
export function namelessFaults(): string[] {
  const faults: string[] = [];
  const say = (element: Element, fault: string) =>
    faults.push(`${element.outerHTML.slice(0, 90).replace(/\s+/g, ' ')}: ${fault}`);
  const all = (selector: string) => [...document.querySelectorAll<HTMLElement>(selector)];

  for (const element of all('button, a, summary')) {
    if (!element.textContent?.trim() && !element.hasAttribute('aria-label')) {
      say(element, 'has no text');
    }
  }
  for (const field of all('input:not([type=hidden]), select, meter:not([aria-hidden])')) {
    const { labels } = field as HTMLInputElement;
    if (!labels?.length && !field.hasAttribute('aria-label')) say(field, 'has no label');
  }
  for (const table of all('#play table')) {
    if (!table.querySelector('caption')) say(table, 'has no caption');
  }
  for (const table of all('table')) {
    if (!table.querySelector('th[scope]')) say(table, 'has no header cell with a scope');
  }
  for (const link of all('a[href^="#"]')) {
    const target = link.getAttribute('href')?.slice(1) ?? '';
    if (!document.getElementById(target)) say(link, 'leads nowhere');
  }
  for (const picture of all('img')) {
    if (!picture.getAttribute('alt')) say(picture, 'has no text');
  }
  return faults;
}

/** Words that a screen reader would read twice, or run together. */
export function speechFaults(): string[] {
  const faults: string[] = [];
  const say = (element: Element, fault: string) =>
    faults.push(`${element.outerHTML.slice(0, 90).replace(/\s+/g, ' ')}: ${fault}`);
  const all = (selector: string) => [...document.querySelectorAll<HTMLElement>(selector)];

  for (const label of all('label:has(> input[aria-label])')) {
    const copy = label.cloneNode(true) as Element;
    for (const hidden of copy.querySelectorAll('[aria-hidden], .letters')) hidden.remove();
    const input = copy.querySelector('input[type=radio]');
    if (input && copy.textContent?.trim()) say(label, 'is read again after its button');
  }
  for (const code of all('code + code')) {
    if (code.previousSibling instanceof Element)
      say(code, 'is read as one word with the one before');
  }
  for (const header of all('th:has(button):not([aria-label])')) {
    say(header, 'would be read with its button at each cell');
  }
  for (const meter of all('meter:not([aria-hidden])')) {
    if (meter.parentElement?.textContent?.trim()) say(meter, 'repeats the text beside it');
  }
  return faults;
}

/** Text against what lies behind it, by the formula of WCAG 2: 4.5, or 3 for large text. */
export function contrastFaults(): string[] {
  const channels = (colour: string): number[] => {
    const numbers = colour.match(/[\d.]+/g)?.map(Number) ?? [];
    return colour.startsWith('color(srgb')
      ? [...numbers.slice(0, 3).map((value) => value * 255), numbers[3] ?? 1]
      : [...numbers.slice(0, 3), numbers[3] ?? 1];
  };
  const luminance = (colour: number[]): number => {
    const [red = 0, green = 0, blue = 0] = colour.slice(0, 3).map((value) => {
      const part = value / 255;
      return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  // A line of code has dozens of elements before one colour.
  const known = new Map<Element, number[]>();
  const behind = (element: Element | null): number[] => {
    if (!element) return [255, 255, 255, 1];
    const found = known.get(element);
    if (found) return found;
    const own = channels(getComputedStyle(element).backgroundColor);
    const colour = (own[3] ?? 1) === 1 ? own : behind(element.parentElement);
    known.set(element, colour);
    return colour;
  };
  const faults = new Set<string>();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!element || !node.textContent?.trim() || element.closest('.unseen, .skip')) continue;
    if (!element.checkVisibility({ visibilityProperty: true })) continue;
    const style = getComputedStyle(element);
    const size = Number.parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const [one, other] = [luminance(channels(style.color)), luminance(behind(element))];
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (ratio < (large ? 3 : 4.5)) {
      const where = element.className || element.parentElement?.className || element.localName;
      faults.add(`${where}: "${node.textContent.trim().slice(0, 30)}" has ${ratio.toFixed(2)}`);
    }
    if (size < 13) faults.add(`"${node.textContent.trim().slice(0, 30)}" has only ${size} pixels`);
  }
  return [...faults];
}
