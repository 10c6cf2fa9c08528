import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import path from 'node:path';

export interface ClientClass {
  revision: '2025-11-25' | '2026-07-28';
  /** The client can put a form to a person. */
  asks: boolean;
}

/** What whoever sits before the client answers; called with the question. */
export type Person = (question: string) => Promise<object> | object;

export interface Answer {
  isError: boolean;
  text: string;
  structured: Record<string, unknown>;
}

const root = path.resolve(import.meta.dirname, '../..');

/** A client of the SDK: of one revision, with a person who can be asked or without. */
export class ProtocolClient implements AsyncDisposable {
  readonly client: Client;

  constructor({ revision, asks }: ClientClass, person: Person = () => ({ action: 'cancel' })) {
    this.client = new Client(
      { name: 'test', version: '1' },
      {
        capabilities: asks ? { elicitation: { form: {} } } : {},
        versionNegotiation: { mode: revision === '2025-11-25' ? 'legacy' : { pin: revision } },
      },
    );
    if (asks)
      this.client.setRequestHandler(
        'elicitation/create',
        async ({ params }) => (await person(params.message)) as never,
      );
  }

  async overHttp(url: string, headers: Record<string, string> = {}): Promise<this> {
    await this.client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
    return this;
  }

  async overStdio(args: readonly string[]): Promise<this> {
    await this.client.connect(
      new StdioClientTransport({
        command: process.execPath,
        args: [path.join(root, 'src/main.ts'), 'agent', '--stdio', ...args],
        stderr: 'ignore',
      }),
    );
    return this;
  }

  async call(name: string, args: Record<string, unknown> = {}): Promise<Answer> {
    const { content, isError, structuredContent } = await this.client.callTool({ name, arguments: args });
    return {
      isError: isError === true,
      text: content.map((block) => (block.type === 'text' ? block.text : '')).join('\n'),
      structured: (structuredContent ?? {}) as Record<string, unknown>,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
  }
}
