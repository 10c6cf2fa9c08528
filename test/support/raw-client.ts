import { connect, type TLSSocket } from 'node:tls';
import type { ClientMaterial } from './api-request.ts';

/** What came back on one connection. */
export interface RawAnswer {
  /** Status codes of all answers, in order. */
  codes: number[];
  /** All bytes, as Latin-1. */
  text: string;
  /** False where the server kept the connection for `waitMs`. */
  isClosed: boolean;
}

export interface RawOptions {
  client?: ClientMaterial;
  /** How long to wait for the server to close; 20,000 when left out. */
  waitMs?: number;
  /** Stop waiting as soon as the text satisfies this. */
  until?: (text: string) => boolean;
}

/**
 * A TLS connection that sends bytes as they are: no library mends what an attack is made of. The server's certificate is
 * not verified.
 */
export class RawConnection implements AsyncDisposable {
  readonly socket: TLSSocket;
  readonly closed: Promise<void>;
  text = '';

  private constructor(socket: TLSSocket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => (this.text += chunk));
    // A reset is an answer too.
    socket.on('error', () => undefined);
  }

  static async open(url: string, { cert, key }: ClientMaterial = {}): Promise<RawConnection> {
    const { hostname, port } = new URL(url);
    const socket = connect({
      host: hostname,
      port: Number(port),
      rejectUnauthorized: false,
      ALPNProtocols: ['http/1.1'],
      ...(cert && key ? { cert, key } : {}),
    });
    const connection = new RawConnection(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('secureConnect', resolve);
      socket.once('error', reject);
    });
    return connection;
  }

  write(bytes: string | Buffer): void {
    if (this.socket.writable)
      this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }

  /** Everything that came until the server closed, or there was enough. */
  async answer({ waitMs = 20_000, until }: Omit<RawOptions, 'client'> = {}): Promise<RawAnswer> {
    let isClosed = false;
    void this.closed.then(() => (isClosed = true));
    for (const deadline = Date.now() + waitMs; Date.now() < deadline;) {
      if (isClosed || until?.(this.text)) break;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return { codes: codesOf(this.text), text: this.text, isClosed };
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy();
    return Promise.resolve();
  }
}

/** Sends bytes on a connection of its own. */
export async function sendRaw(
  url: string,
  bytes: string | Buffer,
  { client, ...wait }: RawOptions = {},
): Promise<RawAnswer> {
  await using connection = await RawConnection.open(url, client);
  connection.write(bytes);
  return await connection.answer(wait);
}

/** One request as text, which asks for the connection to be closed behind its answer. */
export function requestText(
  target: string,
  headers: readonly string[] = [],
  { method = 'GET', body = '' }: { method?: string; body?: string } = {},
): string {
  return [`${method} ${target} HTTP/1.1`, 'Host: connector', 'Connection: close', ...headers, '', body].join(
    '\r\n',
  );
}

function codesOf(text: string): number[] {
  return [...text.matchAll(/(?:^|\r\n|[}\n])HTTP\/1\.[01] (\d{3}) /g)].map(([, code]) => Number(code));
}
