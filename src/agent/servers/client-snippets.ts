export const clientNames = [
  'claude-code',
  'vscode',
  'cursor',
  'claude-desktop',
  'codex',
  'gemini',
  'curl',
  'stdio',
] as const;
export type ClientName = (typeof clientNames)[number];

export interface SnippetOptions {
  /** Name of the server in its definition. */
  server: string;
  /** Of the gateway, as clients reach it; with or without a path before /mcp. */
  url: string;
  /** Environment variable of the client's machine: the token itself stands in no file. */
  tokenVariable: string;
  /** True where the client finds an OAuth issuer by itself (RFC 9728), and needs no token of ours. */
  isOAuth?: boolean;
}

export interface Snippet {
  client: string;
  /** Where the text goes. */
  where: string;
  text: string;
}

/** What the usual clients are configured with, each in its own form. */
export function snippetFor(client: ClientName, options: SnippetOptions): Snippet {
  const { server, url, tokenVariable, isOAuth = false } = options;
  const address = `${url.replace(/\/+$/, '')}/mcp/${server}`;
  const name = `crossplane-${server}`;
  const header = (token: string): object =>
    isOAuth ? {} : { headers: { Authorization: `Bearer ${token}` } };
  switch (client) {
    case 'claude-code':
      return {
        client: 'Claude Code',
        where: 'run',
        text: `claude mcp add --transport http ${name} ${address}${isOAuth ? '' : ` --header "Authorization: Bearer $${tokenVariable}"`}`,
      };
    case 'vscode':
      return {
        client: 'VS Code',
        where: '.vscode/mcp.json',
        text: json({
          ...(isOAuth
            ? {}
            : {
                inputs: [
                  { type: 'promptString', id: 'crossplane-token', description: 'Token', password: true },
                ],
              }),
          servers: {
            [name]: { type: 'http', url: address, ...header(`\${input:crossplane-token}`) },
          },
        }),
      };
    case 'cursor':
      return {
        client: 'Cursor',
        where: '.cursor/mcp.json',
        text: json({ mcpServers: { [name]: { url: address, ...header(`\${env:${tokenVariable}}`) } } }),
      };
    case 'claude-desktop':
      return {
        client: 'Claude Desktop',
        where: 'claude_desktop_config.json',
        text: json({
          mcpServers: {
            [name]: {
              command: 'npx',
              args: [
                '-y',
                'mcp-remote',
                address,
                ...(isOAuth ? [] : ['--header', `Authorization:Bearer \${${tokenVariable}}`]),
              ],
            },
          },
        }),
      };
    case 'codex':
      return {
        client: 'Codex',
        where: '~/.codex/config.toml',
        text: `[mcp_servers.${name}]\nurl = "${address}"${isOAuth ? '' : `\nbearer_token_env_var = "${tokenVariable}"`}`,
      };
    case 'gemini':
      return {
        client: 'Gemini CLI',
        where: '.gemini/settings.json',
        text: json({ mcpServers: { [name]: { httpUrl: address, ...header(`$${tokenVariable}`) } } }),
      };
    case 'curl':
      return {
        client: 'curl',
        where: 'run, to see that it answers',
        text: [
          `curl ${address} -H 'Content-Type: application/json' -H 'Accept: application/json, text/event-stream' \\`,
          ...(isOAuth ? [] : [`  -H "Authorization: Bearer $${tokenVariable}" \\`]),
          `  -d '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"curl","version":"1"}}}'`,
        ].join('\n'),
      };
    default:
      return {
        client: 'Any client, over stdio',
        where: 'its configuration, without a gateway that runs elsewhere',
        text: json({
          mcpServers: {
            [name]: {
              command: 'mcp-connector',
              args: ['agent', '--stdio', '--kubeconfig', '/path/to/control-plane.kubeconfig'],
            },
          },
        }),
      };
  }
}

function json(value: object): string {
  return JSON.stringify(value, undefined, 2);
}
