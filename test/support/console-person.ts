import type { Browser, BrowserContext, Page } from './browser.ts';
import { consolePassword } from './console-ground.ts';

/** What has the focus, as it is called: label, text, or the first line of a region. */
const focusedName = `(() => {
  const e = document.activeElement;
  if (!e || e === document.body) return '';
  const label = e.labels?.length ? [...e.labels].map((l) => l.innerText).join(' ') : e.getAttribute('aria-label');
  return e.tagName + ' ' + (label || e.innerText || e.value || '').replace(/\\s+/g, ' ').trim();
})()`;

/** The least contrast of text with what is behind it, by computed styles (WCAG 2.2, relative luminance). */
const leastContrast = `(() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => {
    const part = (c) => ((c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const behind = (e) => {
    for (let one = e; one; one = one.parentElement) {
      const color = rgba(getComputedStyle(one).backgroundColor);
      if (color[3] === 255) return color;
    }
    return [255, 255, 255, 255];
  };
  let least = 21, where = '', count = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode, e = node.parentElement;
    if (!node.textContent.trim() || !e.checkVisibility({ visibilityProperty: true })) continue;
    if (e.closest('.unseen, script, noscript')) continue;
    const a = light(rgba(getComputedStyle(e).color)), b = light(behind(e));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    count++;
    if (ratio < least) { least = ratio; where = e.tagName + ': ' + node.textContent.trim().slice(0, 60); }
  }
  return { least: count === 0 ? 0 : least, where };
})()`;

/** Somebody who has a keyboard and no mouse. */
export class Person implements AsyncDisposable {
  /** What broke the policy, by directive; messages of the console that are errors; requests to other origins. */
  readonly violations: string[] = [];
  readonly errors: string[] = [];
  readonly foreignRequests: string[] = [];
  readonly #context: BrowserContext;
  readonly #page: Page;
  readonly #url: string;

  private constructor(context: BrowserContext, page: Page, url: string) {
    this.#context = context;
    this.#page = page;
    this.#url = url;
  }

  static async in(browser: Browser, url: string): Promise<Person> {
    const context = await browser.createBrowserContext();
    const page = await context.newPage();
    const person = new Person(context, page, url);
    await page.setViewport({ width: 1200, height: 800 });
    await page.evaluateOnNewDocument(
      `document.addEventListener('securitypolicyviolation', (e) => console.info('policy: ' + e.effectiveDirective))`,
    );
    page.on('console', (message) => {
      const text = message.text();
      if (text.startsWith('policy: ')) person.violations.push(text);
      // A refused form is answered with 422, which the browser notes.
      else if (message.type() === 'error' && !/status of 4\d\d/.test(text)) person.errors.push(text);
    });
    page.on('pageerror', (error) => person.errors.push(error.message));
    page.on('request', (request) => {
      if (!request.url().startsWith(`${url}/`)) person.foreignRequests.push(request.url());
    });
    return person;
  }

  async open(path: string): Promise<void> {
    await this.#page.goto(`${this.#url}${path}`);
  }

  async reload(): Promise<void> {
    await this.#page.reload();
  }

  async signIn(path: string): Promise<void> {
    await this.open(path);
    await this.type(consolePassword);
    await this.press('Enter');
    await this.isAt(path);
  }

  async startEditing(server: string): Promise<string> {
    await this.open(`/console/servers/${server}`);
    await this.use('Edit');
    await this.isAt('/name');
    return new URL(this.#page.url()).pathname.replace(/\/name$/, '');
  }

  press(key: string): Promise<void> {
    return this.#page.keyboard.press(key);
  }

  /** As one that pastes does. */
  type(text: string): Promise<void> {
    return this.#page.keyboard.sendCharacter(text);
  }

  /** In place of all that stands in the field. */
  async replace(text: string): Promise<void> {
    await this.#page.keyboard.down('Control');
    await this.press('a');
    await this.#page.keyboard.up('Control');
    await this.type(text);
  }

  /** Goes on by Tab until what begins with this has the focus. Throws when it comes round without it. */
  focus(name: string, tag = ''): Promise<void> {
    return this.#walk(name, tag, () => this.press('Tab'));
  }

  /** The same backwards. */
  back(name: string, tag = ''): Promise<void> {
    return this.#walk(name, tag, async () => {
      await this.#page.keyboard.down('Shift');
      await this.press('Tab');
      await this.#page.keyboard.up('Shift');
    });
  }

  /** A link or a button. */
  async use(name: string): Promise<void> {
    await this.focus(name);
    await this.press('Enter');
  }

  focused(): Promise<string> {
    return this.#page.evaluate<string>(focusedName);
  }

  async #walk(name: string, tag: string, step: () => Promise<void>): Promise<void> {
    const seen: string[] = [];
    for (let at = 0; at < 120; at++) {
      await step();
      const focused = await this.focused();
      const [foundTag = '', ...words] = focused.split(' ');
      if (words.join(' ').startsWith(name) && foundTag.startsWith(tag)) return;
      seen.push(focused.slice(0, 40));
    }
    throw new Error(
      `"${name}" cannot be reached by keyboard at ${this.#page.url()}: ${seen.slice(0, 60).join(' | ')}`,
    );
  }

  async isAt(path: string): Promise<void> {
    await this.#page
      .waitForFunction(
        `location.pathname.endsWith(${JSON.stringify(path)}) && document.readyState === 'complete'`,
        { timeout: 20_000 },
      )
      .catch(async () => {
        throw new Error(
          `not at ${path} but at ${this.#page.url()}: ${(await this.text('main')).slice(0, 500)}`,
        );
      });
  }

  async sees(text: string): Promise<void> {
    await this.#page
      .waitForFunction(`document.querySelector('main')?.innerText.includes(${JSON.stringify(text)})`, {
        timeout: 30_000,
      })
      .catch(async () => {
        throw new Error(
          `"${text}" is not at ${this.#page.url()}: ${(await this.text('main')).slice(0, 1500)}`,
        );
      });
  }

  text(selector: string): Promise<string> {
    return this.#page.evaluate<string>(
      `document.querySelector(${JSON.stringify(selector)})?.innerText ?? ''`,
    );
  }

  attribute(selector: string, name: string): Promise<string | null> {
    return this.#page.evaluate(
      `document.querySelector(${JSON.stringify(selector)})?.getAttribute(${JSON.stringify(name)}) ?? null`,
    );
  }

  /** The tools of the calls, top to bottom. */
  firstCells(): Promise<string[]> {
    return this.#page.evaluate(
      `[...document.querySelectorAll('.calls tbody th code')].map((e) => e.textContent)`,
    );
  }

  prefers(theme: 'light' | 'dark'): Promise<void> {
    return this.#page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: theme }]);
  }

  background(): Promise<string> {
    return this.#page.evaluate(`getComputedStyle(document.documentElement).backgroundColor`);
  }

  resize(width: number, height: number): Promise<void> {
    return this.#page.setViewport({ width, height });
  }

  pageWidth(): Promise<number> {
    return this.#page.evaluate(`document.documentElement.scrollWidth`);
  }

  contrast(): Promise<{ least: number; where: string }> {
    return this.#page.evaluate(leastContrast);
  }

  /** Serious and critical ones, one line each. */
  async accessibilityFaults(axe: string): Promise<string[]> {
    if (!(await this.#page.evaluate<boolean>(`typeof axe === 'object'`)))
      await this.#page.evaluate(`${axe}; undefined`);
    return await this.#page
      .evaluate(`axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => id + ': ' + nodes.map(({ target }) => target.join(' ')).join(', ')))`);
  }

  /** What an attacker would try who could put elements into the page. */
  async tryScripts(): Promise<void> {
    await this.#page.evaluate(`new Promise((resolve) => {
      const add = (name, fill) => { const e = document.createElement(name); fill(e); document.body.append(e); };
      const attempt = (fn) => { try { fn(); } catch { /* Trusted Types throw. */ } };
      attempt(() => add('script', (e) => e.append('window.hasRun = true')));
      attempt(() => add('img', (e) => { e.setAttribute('onerror', 'window.hasRun = true'); e.src = 'https://attacker.invalid/x.png'; }));
      attempt(() => add('div', (e) => { e.innerHTML = '<b>x</b>'; }));
      attempt(() => add('style', (e) => e.append('body { display: none }')));
      setTimeout(resolve, 300);
    })`);
  }

  hasRun(): Promise<boolean> {
    return this.#page.evaluate(`window.hasRun === true`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context.close();
  }
}
