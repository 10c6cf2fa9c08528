import { type ClientRequest, type IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { accessFromFile } from '../../src/clusters/cluster-access.ts';
import type { Credential } from '../../src/clusters/credential.ts';

export interface WatchedEvent {
  type: string;
  object: { code?: number; metadata: { name: string; resourceVersion: string } };
}

/** How one watch ended: `clean` after a whole last event, at the protocol's own end of the answer. */
export type WatchEnd = 'clean' | 'broken' | `status ${number}`;

/** One watch over HTTP/1.1 on a connection of its own, read byte by byte to its end: no library hides how it ended. */
export class WatchClient {
  readonly events: WatchedEvent[] = [];
  /** Resolves when the answer's header is here. */
  readonly started: Promise<void>;
  readonly ended: Promise<WatchEnd>;
  readonly #request: ClientRequest;
  #isStopped = false;

  private constructor(
    url: URL,
    { tls, authorization }: Credential,
    path: string,
    onEvent: (event: WatchedEvent) => void,
  ) {
    const started = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<WatchEnd>();
    this.started = started.promise;
    this.ended = ended.promise;
    this.#request = request({
      ...tls,
      host: url.hostname,
      port: url.port,
      path,
      agent: false,
      headers: authorization === undefined ? {} : { authorization },
    });
    this.#request.once('error', () => ended.resolve('broken'));
    this.#request.once('response', (answer: IncomingMessage) => {
      started.resolve();
      if (answer.statusCode !== 200) {
        ended.resolve(`status ${answer.statusCode ?? 0}`);
        // A Status is no event.
        answer.resume();
        return;
      }
      let rest = '';
      answer.setEncoding('utf8');
      answer.on('data', (text: string) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines.filter((one) => one !== '')) {
          const event = JSON.parse(line) as WatchedEvent;
          this.events.push(event);
          onEvent(event);
        }
      });
      answer.on('error', () => undefined);
      answer.once('close', () => {
        const isWhole = answer.complete && rest === '';
        ended.resolve(isWhole || this.#isStopped ? 'clean' : 'broken');
      });
    });
    this.#request.end();
    void ended.promise.then(() => started.resolve());
  }

  /** `url` in place of the API server of the kubeconfig: a replica, whose certificate is not verified then. */
  static async open(
    { kubeconfig }: { kubeconfig: string },
    path: string,
    options: { url?: string; onEvent?: (event: WatchedEvent) => void } = {},
  ): Promise<WatchClient> {
    const access = accessFromFile(kubeconfig);
    const { tls, authorization } = await access.credential();
    const direct = options.url === undefined ? tls : { ...tls, rejectUnauthorized: false };
    return new WatchClient(
      options.url === undefined ? access.server : new URL(options.url),
      { tls: direct, authorization },
      path,
      options.onEvent ?? (() => undefined),
    );
  }

  stop(): void {
    this.#isStopped = true;
    this.#request.destroy();
  }
}
