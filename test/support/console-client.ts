import { consolePassword } from './console-ground.ts';

/** A browser without a window: one cookie, the origin of its pages, the token of its forms. */
export class ConsoleClient {
  readonly url: string;
  cookie: string | undefined;
  #formToken = '';

  constructor(url: string) {
    this.url = url;
  }

  /** Signed in already. */
  static async signedIn(url: string): Promise<ConsoleClient> {
    const client = new ConsoleClient(url);
    const answer = await client.signIn(consolePassword);
    if (answer.status !== 303) throw new Error(`the sign-in was answered with ${answer.status}`);
    await client.get('/console/catalogue');
    return client;
  }

  async signIn(password: string): Promise<Response> {
    const answer = await this.send('/console/sign-in', { password });
    const [cookie] = answer.headers.getSetCookie();
    if (cookie !== undefined) this.cookie = cookie.split(';', 1)[0];
    return answer;
  }

  /** The page's text; its form token is used from then on. */
  async get(path: string): Promise<{ status: number; text: string; headers: Headers }> {
    const answer = await fetch(`${this.url}${path}`, { headers: this.#headers(), redirect: 'manual' });
    const text = await answer.text();
    this.#formToken = /name="form-token" value="([^"]+)"/.exec(text)?.[1] ?? this.#formToken;
    return { status: answer.status, text, headers: answer.headers };
  }

  /** As a form of a page of the console. */
  post(path: string, fields: Record<string, string> | URLSearchParams = {}): Promise<Response> {
    const body = new URLSearchParams(fields);
    body.set('form-token', this.#formToken);
    return this.send(path, body);
  }

  /** As any page may; `headers` win. */
  send(
    path: string,
    fields: Record<string, string> | URLSearchParams,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    return fetch(`${this.url}${path}`, {
      method: 'POST',
      body: new URLSearchParams(fields),
      headers: { origin: this.url, ...this.#headers(), ...headers },
      redirect: 'manual',
    });
  }

  /** From the catalogue to the review; the draft's path. */
  async fillIn(entry: string, fields: Record<string, string> = {}): Promise<string> {
    const started = await this.post('/console/drafts', { entry });
    const draft = (started.headers.get('location') ?? '').replace(/\/name$/, '');
    const steps: [string, Record<string, string>][] = [
      ['name', { name: entry, description: 'For tests.' }],
      ['behaviour', { timeout: '30', production: 'yes', toolsets: 'xrd', style: 'named' }],
      ['control-plane', { way: 'url', url: 'https://control-plane.example.org', token: 'upstream-secret' }],
      ['callers', { door: 'tokens', caller: 'agent' }],
      ['limits', { reads: '300', creates: '30', destructive: '10', log: 'stdout' }],
    ];
    for (const [step, given] of steps) {
      const known = Object.keys(fields).filter((field) => field.startsWith(`${step}.`));
      const own = Object.fromEntries(
        known.map((field) => [field.slice(step.length + 1), fields[field] ?? '']),
      );
      const answer = await this.post(`${draft}/${step}`, { ...given, ...own });
      if (answer.status !== 303) throw new Error(`${step}: ${answer.status} ${await answer.text()}`);
    }
    return draft;
  }

  #headers(): Record<string, string> {
    return this.cookie === undefined ? {} : { cookie: this.cookie };
  }
}
