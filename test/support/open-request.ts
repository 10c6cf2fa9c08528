import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import type { ClientMaterial } from './api-request.ts';

/** What came of a request that was sent, or read, in parts. */
export interface OpenAnswer {
  status: number;
  connection: string | undefined;
  text: string;
  /** False when the connection ended before the answer did. */
  isComplete: boolean;
}

/** A client of a connector (past kube-apiserver) that keeps its connection, and sends and reads when it is told. */
export class OpenClient implements AsyncDisposable {
  readonly #agent: Agent;
  readonly #url: URL;

  constructor(url: string, { cert, key }: ClientMaterial) {
    this.#url = new URL(url);
    const tls = cert && key ? { cert, key } : {};
    this.#agent = new Agent({ ...tls, keepAlive: true, maxSockets: 1, rejectUnauthorized: false });
  }

  /** Sends the header and the first half of the body; `finish` sends the rest and resolves to the answer. */
  async beginWrite(path: string, body: string): Promise<{ finish: () => Promise<OpenAnswer> }> {
    const half = Math.floor(body.length / 2);
    const outgoing = this.#request(path, 'POST', {
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(body)),
    });
    const answer = new Promise<OpenAnswer>((resolve, reject) => {
      outgoing.once('error', reject);
      outgoing.once('response', (message: IncomingMessage) => resolve(read(message)));
    });
    answer.catch(() => undefined);
    await new Promise<void>((resolve) => outgoing.write(body.slice(0, half), () => resolve()));
    return {
      finish: () => {
        outgoing.end(body.slice(half));
        return answer;
      },
    };
  }

  /** Reads the beginning of an answer and then nothing; `finish` reads the rest. */
  async beginRead(
    path: string,
    headers: Record<string, string> = {},
  ): Promise<{ finish: () => Promise<OpenAnswer> }> {
    const outgoing = this.#request(path, 'GET', headers);
    outgoing.end();
    const message = await new Promise<IncomingMessage>((resolve, reject) => {
      outgoing.once('error', reject);
      outgoing.once('response', resolve);
    });
    message.pause();
    return { finish: () => read(message) };
  }

  async get(path: string, headers: Record<string, string> = {}): Promise<OpenAnswer> {
    return await (await this.beginRead(path, headers)).finish();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#agent.destroy();
    return Promise.resolve();
  }

  #request(path: string, method: string, headers: Record<string, string> = {}) {
    const { hostname, port } = this.#url;
    return request({ agent: this.#agent, host: hostname, port, path, method, headers });
  }
}

function read(message: IncomingMessage): Promise<OpenAnswer> {
  return new Promise((resolve) => {
    let text = '';
    message.setEncoding('utf8');
    message.on('data', (chunk: string) => (text += chunk));
    message.on('error', () => undefined);
    message.once('close', () =>
      resolve({
        status: message.statusCode ?? 0,
        connection: message.headers.connection,
        text,
        isComplete: message.complete,
      }),
    );
    message.resume();
  });
}
