import type { IncomingMessage } from 'node:http';

const loopbackNames = ['localhost', '127.0.0.1', '[::1]'];

/**
 * Against DNS rebinding: a page in a browser may lead its own name to this address, and send what it likes in the name of whoever
 * has it open. Such requests carry the page's name as Host, or as Origin.
 */
export class RequestGuard {
  readonly #names: ReadonlySet<string>;

  /** Beside the names of this machine: those that clients know the gateway by. */
  constructor(names: readonly string[]) {
    this.#names = new Set([...loopbackNames, ...names.map((name) => name.toLowerCase())]);
  }

  /** Why a request is turned away, in one sentence; undefined for one that may go on. */
  refusal({ headers: { host, origin } }: Pick<IncomingMessage, 'headers'>): string | undefined {
    const hostName = host === undefined ? undefined : nameOf(`http://${host}`);
    if (hostName === undefined || !this.#names.has(hostName))
      return `the gateway is not known as ${JSON.stringify(host ?? '')}: start it with --allowed-host for each name that clients use`;
    if (origin === undefined) return undefined;
    const originName = nameOf(origin);
    if (originName === undefined || !this.#names.has(originName))
      return `pages of ${JSON.stringify(origin)} may not call the gateway`;
    return undefined;
  }
}

function nameOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).hostname : undefined;
}
