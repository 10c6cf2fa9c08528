import { Command, Option } from 'commander';
import { ConnectorError } from '../base/errors.ts';
import { type ClientName, clientNames, snippetFor } from '../agent/servers/client-snippets.ts';

/** `mcp-connector agent snippet NAME`: what to put into a client's own configuration. */
export function snippetCommand(): Command {
  return new Command('snippet')
    .description('Print the configuration of a client for one server of the gateway')
    .argument('<server>', 'name of the server, as in its definition')
    .option('--url <url>', 'address that clients reach the gateway by', 'http://127.0.0.1:8081')
    .addOption(new Option('--client <name>', 'which client; all when left out').choices([...clientNames]))
    .option(
      '--token-variable <name>',
      'environment variable that has the bearer token',
      'MCP_CONNECTOR_TOKEN',
    )
    .action((server: string, options: { url: string; client?: ClientName; tokenVariable: string }) => {
      if (!/^https?:$/.test(URL.parse(options.url)?.protocol ?? ''))
        throw new ConnectorError('configuration-invalid', `--url: "${options.url}" is no http or https URL`);
      const { url, tokenVariable } = options;
      const asked = options.client ? [options.client] : clientNames;
      const parts = asked.map((client) => snippetFor(client, { server, url, tokenVariable }));
      process.stdout.write(
        `${parts.map(({ client, where, text }) => `# ${client}: ${where}\n${text}`).join('\n\n')}\n`,
      );
    });
}
