import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

export interface ToolResult {
  isError: boolean;
  /** What the model reads. */
  text: string;
  /** Of an error. */
  code: string | undefined;
  /** What repeats the call with a confirmation. */
  confirm: string | undefined;
}

/** A client of the other project's SDK, with a bearer token; in the current revision of the protocol when left open. */
export class AgentClient implements AsyncDisposable {
  readonly #client: Client;

  private constructor(client: Client) {
    this.#client = client;
  }

  /** `legacy`: 2025-11-25, with the handshake of that time. */
  static async connect(
    url: string,
    token: string,
    revision: '2026-07-28' | 'legacy' = '2026-07-28',
  ): Promise<AgentClient> {
    const mode = revision === 'legacy' ? revision : { pin: revision };
    const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } });
    const requestInit = { headers: { authorization: `Bearer ${token}` } };
    await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit }));
    return new AgentClient(client);
  }

  async tools(): Promise<string[]> {
    const { tools } = await this.#client.listTools();
    return tools.map(({ name }) => name);
  }

  async call(name: string, args: Record<string, unknown> = {}): Promise<ToolResult> {
    const { content, isError, structuredContent } = (await this.#client.callTool({
      name,
      arguments: args,
    })) as {
      content: { text?: string }[];
      isError?: boolean;
      structuredContent?: { code?: string; confirm?: string };
    };
    return {
      isError: isError === true,
      text: content.map(({ text = '' }) => text).join('\n'),
      code: structuredContent?.code,
      confirm: structuredContent?.confirm,
    };
  }

  /** Called again with the code that it asks for; from the start where the object has changed meanwhile, as the errors say. */
  async confirmed(name: string, args: Record<string, unknown>): Promise<ToolResult> {
    let result = await this.call(name, args);
    for (let tries = 0; tries < 40 && (result.confirm ?? result.code) !== undefined; tries++) {
      const { confirm, code } = result;
      if (confirm === undefined && code !== 'conflict') break;
      result = await this.call(name, confirm === undefined ? args : { ...args, confirm });
    }
    return result;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.close();
  }
}
