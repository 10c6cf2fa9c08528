import { Command } from 'commander';
import { ConnectorError, describeError } from '../base/errors.ts';
import { ConnectionState } from '../clusters/connection-state.ts';
import type { Flags } from '../config/config.ts';
import { type Check, unknown } from '../connecting/check.ts';
import { readConnection } from '../connecting/connection.ts';
import { diagnose } from '../connecting/diagnosis.ts';
import { ClaimNamespaceCheck } from '../controllers/control-plane/claim-namespace-check.ts';
import { claimFindings, type Finding } from '../controllers/namespaces/claim-findings.ts';
import { checkLine } from './check-line.ts';
import { addConnectionOptions, openConnection } from './connection-options.ts';
import { exitCodes } from './exit-codes.ts';
import { type OutputFormat, outputOption, printed } from './output-format.ts';
import { columns } from './table.ts';
import { processTerminal, type Terminal } from './terminal.ts';

interface Diagnosis {
  /** Claims and APIs that somebody has to see to. */
  findings: Finding[];
  checks: Check[];
}

/** `mcp-connector doctor`: exit code 0 where all is well, 1 with findings, 2 where that could not be found out (as kubectl diff). */
export function doctorCommand(): Command {
  const command = new Command('doctor').description(
    'Look for faults of the connection, claims that nobody sees any more, and APIs that belong to somebody else',
  );
  return addConnectionOptions(command)
    .addOption(outputOption())
    .action(async ({ output: format, ...given }: Flags) => {
      const terminal = processTerminal();
      try {
        const diagnosis = await examine(given);
        terminal.out(printed(diagnosis, format as OutputFormat, (value) => tableOf(value, terminal)));
        process.exitCode = hasFault(diagnosis) ? exitCodes.found : exitCodes.done;
      } catch (error) {
        if (!(error instanceof ConnectorError)) throw error;
        terminal.note(`error: ${describeError(error)}\n`);
        process.exitCode = exitCodes.couldNotLook;
      }
    });
}

/** What cannot be looked at from here is told, and is no fault. */
function hasFault({ findings, checks }: Diagnosis): boolean {
  return findings.length > 0 || checks.some(({ state }) => state === 'failed' || state === 'warning');
}

async function examine(given: Flags): Promise<Diagnosis> {
  await using open = await openConnection(given);
  const { app, config } = open;
  const recorded = await readConnection(app, config);
  const controlPlane = await open.openControlPlane();
  const { claimNamespace } = config;
  const connection = { clusterID: config.clusterID ?? recorded.binding.clusterID, claimNamespace };
  const checks = await diagnose(app, recorded, controlPlane, 'space' in config.controlPlane);
  const state = new ConnectionState(app, config.namespace, `${config.releaseName}-state`);
  // Says in one sentence what keeps the connector out; what another place holds is nothing to report on.
  const link = { client: controlPlane, connection, transport: controlPlane.transport };
  await new ClaimNamespaceCheck(state, false).verify(link);
  const { resources } = recorded;
  let claims: Finding[] = [];
  try {
    claims = await claimFindings({ app, controlPlane, connection, resources });
  } catch (error) {
    // Without a fault that explains it, nothing was found out.
    if (!hasFault({ findings: [], checks })) throw error;
    checks.push(
      unknown('claims', `cannot be listed: ${describeError(error)}`, 'mend the faults above first'),
    );
  }
  const conflicts = recorded.conflicts.map(({ apiService, owner, remedy }): Finding => ({
    reason: 'Conflict',
    resource: 'apiservices',
    namespace: '',
    name: apiService,
    controlPlaneName: '',
    remedy: `it belongs to ${owner}: ${remedy}`,
  }));
  return { findings: [...claims, ...conflicts], checks };
}

/** What is well is left out: it stands in json and yaml. */
function tableOf({ findings, checks }: Diagnosis, terminal: Pick<Terminal, 'style'>): string {
  const lines = checks.filter(({ state }) => state !== 'ok').map((check) => checkLine(check, terminal));
  const faults = lines.join('');
  if (findings.length === 0) return hasFault({ findings, checks }) ? faults : `${faults}No problems found.\n`;
  const rows = findings.map((finding) => [
    finding.reason,
    finding.resource,
    finding.namespace,
    finding.name,
    finding.controlPlaneName,
  ]);
  const table = columns([['REASON', 'RESOURCE', 'NAMESPACE', 'NAME', 'CONTROL PLANE NAME'], ...rows]);
  const remedies = findings.map(({ resource, name, remedy }) => `${resource} ${name}: ${remedy}`);
  return `${faults}${faults === '' ? '' : '\n'}${table}\n${remedies.join('\n')}\n`;
}
