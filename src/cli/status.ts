import { Command } from 'commander';
import { describeError } from '../base/errors.ts';
import type { Flags } from '../config/config.ts';
import { readConnection } from '../connecting/connection.ts';
import { readStatus, type Status } from '../connecting/status.ts';
import { addConnectionOptions, openConnection } from './connection-options.ts';
import { type OutputFormat, outputOption, printed } from './output-format.ts';
import { columns } from './table.ts';
import { processTerminal } from './terminal.ts';

/** `mcp-connector status`: exit code 0 where there is a connection, whatever its state; `doctor` judges. */
export function statusCommand(): Command {
  const command = new Command('status').description('Show what this cluster is connected to, and how it is');
  return addConnectionOptions(command)
    .addOption(outputOption())
    .action(async ({ output, ...given }: Flags) => {
      const terminal = processTerminal();
      await using open = await openConnection(given);
      const { app, config } = open;
      const connection = await readConnection(app, config);
      const controlPlane = await open.openControlPlane().catch((error: unknown) => {
        terminal.note(`warning: ${describeError(error)}\n`);
        return undefined;
      });
      const status = await readStatus(app, connection, controlPlane, 'space' in config.controlPlane);
      terminal.out(printed(status, output as OutputFormat, table));
    });
}

function table(status: Status): string {
  const { versions, pods } = status;
  const facts = [
    ['Control plane:', status.controlPlane],
    ['Claim namespace:', status.claimNamespace],
    ['Cluster ID:', status.clusterID],
    ['Connected since:', status.connectedSince ?? 'unknown'],
    ['Pods:', pods ? `${pods.ready} of ${pods.wanted} ready` : 'none in this cluster'],
    [
      'Versions:',
      `connector ${versions.connector}, this program ${versions.cli}, app cluster ${versions.appCluster}, control plane ${versions.controlPlane}, Crossplane ${versions.crossplane}`,
    ],
  ];
  const apis = status.apis.map(({ resource, versions: served, available, reason, since, claims }) => [
    resource,
    served.join(','),
    available ? 'True' : `False (${reason})`,
    since ?? '',
    claims === undefined ? '?' : String(claims),
  ]);
  const credentials = status.credentials.map(({ name, expires, isRenewed }) => [
    name,
    expires ?? 'never',
    isRenewed ? 'by the connector' : 'by you',
  ]);
  const conflicts = status.conflicts.map(({ apiService, owner, since }) => [apiService, owner, since]);
  return [
    columns(facts),
    section(['API', 'VERSIONS', 'AVAILABLE', 'SINCE', 'CLAIMS'], apis),
    section(['CREDENTIAL', 'EXPIRES', 'RENEWED'], credentials),
    section(['NOT CONNECTED', 'BELONGS TO', 'SINCE'], conflicts),
  ].join('');
}

function section(head: string[], rows: string[][]): string {
  return rows.length === 0 ? '' : `\n${columns([head, ...rows])}`;
}
