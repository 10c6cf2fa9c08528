import { Command } from 'commander';
import { ConnectorError, describeError } from '../base/errors.ts';
import type { CatalogSource } from '../catalog/catalog.ts';
import { parseOpenApi } from '../catalog/openapi-document.ts';
import { ConnectionState } from '../clusters/connection-state.ts';
import { KubeClient } from '../clusters/kube-client.ts';
import { Transport } from '../clusters/transport.ts';
import { completeConfig, type Config, type Flags } from '../config/config.ts';
import { environmentName, type Option, serveOptions } from '../config/options.ts';
import { ClaimNamespaceCheck } from '../controllers/control-plane/claim-namespace-check.ts';
import { claimFindings, type Finding } from '../controllers/namespaces/claim-findings.ts';
import { openAppCluster } from './app-cluster.ts';
import { exitCodes } from './exit-codes.ts';
import { type OutputFormat, outputOption, printed } from './output-format.ts';
import { columns } from './table.ts';
import { findKubeconfig } from '../controllers/control-plane/kubeconfig-source.ts';

/** Those of serve that say where the clusters are. */
const flags = new Set([
  'kubeconfig',
  'control-plane-kubeconfig',
  'control-plane-secret',
  'control-plane-secret-key',
  'claim-namespace',
  'namespace',
  'release-name',
  'cluster-id',
]);

/** `mcp-connector doctor`: exit code 0 where all is well, 1 with findings, 2 where that could not be found out (as kubectl diff). */
export function doctorCommand(): Command {
  const command = new Command('doctor').description(
    'Look for claims that nobody sees any more, and for APIs that belong to somebody else',
  );
  for (const option of serveOptions as readonly Option[]) {
    if (!flags.has(option.flag)) continue;
    const names = `${option.short ? `-${option.short}, ` : ''}--${option.flag} <${option.value}>`;
    const byDefault = option.default === undefined ? '' : ` (default: ${option.default})`;
    command.option(names, `${option.help}${byDefault} [$${environmentName(option.flag)}]`);
  }
  command.option('--context <name>', 'context of the kubeconfig; default: its current one');
  return command.addOption(outputOption()).action(async ({ output: format, context, ...given }: Flags) => {
    try {
      const findings = await examine(completeConfig(given, process.env), context as string | undefined);
      process.stdout.write(printed({ findings }, format as OutputFormat, () => tableOf(findings)));
      process.exitCode = findings.length === 0 ? exitCodes.done : exitCodes.found;
    } catch (error) {
      if (!(error instanceof ConnectorError)) throw error;
      process.stderr.write(`error: ${describeError(error)}\n`);
      process.exitCode = exitCodes.couldNotLook;
    }
  });
}

async function examine(config: Config, context: string | undefined): Promise<Finding[]> {
  const { kubeconfig, namespace, releaseName, claimNamespace } = config;
  await using app = openAppCluster({ kubeconfig, context });
  const client = new KubeClient(app);
  const state = new ConnectionState(client, namespace, `${releaseName}-state`);
  const [binding, catalog] = [await state.readBinding(), await state.readCatalog()];
  if (!binding || catalog === undefined) {
    throw new ConnectorError(
      'never-connected',
      `the ConfigMap ${state.objectName} tells of no connection; name the release with --release-name and --namespace, and look at the log of the connector`,
    );
  }
  const found = await findKubeconfig(config, client);
  await using transport = new Transport(found.open(), config.environmentProxy);
  const controlPlane = new KubeClient(transport);
  const connection = { clusterID: config.clusterID ?? binding.clusterID, claimNamespace };
  // Says in one sentence what keeps the connector out; what another place holds is nothing to report on.
  await new ClaimNamespaceCheck(state, false).verify({ client: controlPlane, connection, transport });
  const claims = await claimFindings({
    app: client,
    controlPlane,
    connection,
    resources: (parseOpenApi(catalog) as unknown as CatalogSource).resources,
  });
  const conflicts = (await state.readConflicts()).map(({ apiService, owner, remedy }): Finding => ({
    reason: 'Conflict',
    resource: 'apiservices',
    namespace: '',
    name: apiService,
    controlPlaneName: '',
    remedy: `it belongs to ${owner}: ${remedy}`,
  }));
  return [...claims, ...conflicts];
}

function tableOf(findings: readonly Finding[]): string {
  if (findings.length === 0) return 'No problems found.\n';
  const rows = findings.map((finding) => [
    finding.reason,
    finding.resource,
    finding.namespace,
    finding.name,
    finding.controlPlaneName,
  ]);
  const table = columns([['REASON', 'RESOURCE', 'NAMESPACE', 'NAME', 'CONTROL PLANE NAME'], ...rows]);
  const remedies = findings.map(({ resource, name, remedy }) => `${resource} ${name}: ${remedy}`);
  return `${table}\n${remedies.join('\n')}\n`;
}
