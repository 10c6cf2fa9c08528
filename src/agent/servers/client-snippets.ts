export const clientNames = ['claude-code', 'cursor', 'vscode', 'codex', 'stdio'] as const;
export type ClientName = (typeof clientNames)[number];

export interface SnippetOptions {
  /** Name of the server in its definition. */
  server: string;
  /** Of the gateway, as clients reach it; with or without a path before /mcp. */
  url: string;
  /** Environment variable of the client's machine: the token itself stands in no file. */
  tokenVariable: string;
}

export interface Snippet {
  /** Which client, and where the text goes. */
  title: string;
  text: string;
}

interface Server {
  name: string;
  address: string;
  tokenVariable: string;
}

const snippets: Record<ClientName, (server: Server) => Snippet> = {
  'claude-code': ({ name, address, tokenVariable }) => ({
    title: 'Claude Code: run',
    text: `claude mcp add --transport http ${name} ${address} --header "Authorization: Bearer $${tokenVariable}"`,
  }),
  cursor: ({ name, address, tokenVariable }) => ({
    title: 'Cursor: .cursor/mcp.json',
    text: json({
      mcpServers: {
        [name]: { url: address, headers: { Authorization: `Bearer \${env:${tokenVariable}}` } },
      },
    }),
  }),
  vscode: ({ name, address }) => ({
    title: 'VS Code: .vscode/mcp.json',
    text: json({
      inputs: [{ type: 'promptString', id: 'crossplane-token', description: 'Token', password: true }],
      servers: {
        [name]: {
          type: 'http',
          url: address,
          headers: { Authorization: 'Bearer ${input:crossplane-token}' },
        },
      },
    }),
  }),
  codex: ({ name, address, tokenVariable }) => ({
    title: 'Codex: ~/.codex/config.toml',
    text: `[mcp_servers.${name}]\nurl = "${address}"\nbearer_token_env_var = "${tokenVariable}"`,
  }),
  stdio: ({ name }) => ({
    title: 'any client, over stdio, without a gateway that runs elsewhere',
    text: json({
      mcpServers: {
        [name]: {
          command: 'mcp-connector',
          args: ['agent', '--stdio', '--kubeconfig', '/path/to/control-plane.kubeconfig'],
        },
      },
    }),
  }),
};

/** What the usual clients are configured with, each in its own form. */
export function snippetFor(client: ClientName, { server, url, tokenVariable }: SnippetOptions): Snippet {
  const address = `${url.replace(/\/+$/, '')}/mcp/${server}`;
  return snippets[client]({ name: `crossplane-${server}`, address, tokenVariable });
}

function json(value: object): string {
  return JSON.stringify(value, undefined, 2);
}
