import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { Command } from 'commander';
import { ConnectorError, describeError } from '../base/errors.ts';
import { accessFromFile } from '../clusters/cluster-access.ts';
import { KubeClient } from '../clusters/kube-client.ts';
import { Transport } from '../clusters/transport.ts';
import { parseDuration } from '../config/duration.ts';
import { install, type InstallOptions, type InstallResult } from '../connecting/install.ts';
import { addAppClusterOptions, hasEnvironmentProxy, openAppCluster } from './app-cluster.ts';
import { checkLine } from './check-line.ts';
import { Progress } from './progress.ts';
import { columns } from './table.ts';
import { processTerminal } from './terminal.ts';

interface Flags {
  file: string[];
  set: string[];
  resetValues: boolean;
  clusterName?: string;
  installationNamespace: string;
  releaseName: string;
  controlPlaneSecret?: string;
  controlPlaneKubeconfig?: string;
  controlPlaneServer?: string;
  token?: string;
  tokenFile?: string;
  account?: string;
  spaceHost?: string;
  spaceCa?: string;
  takeOver: boolean;
  kubeconfig?: string;
  context?: string;
  dryRun: boolean;
  wait: boolean;
  timeout: string;
  chart?: string;
  version?: string;
  helm: string;
}

/** `mcp-connector install <control-plane> <namespace>` */
export function installCommand(): Command {
  const command = new Command('install')
    .description('Connect this cluster to a control plane, or change how it is connected')
    .argument('<control-plane>', 'name of the control plane, or <group>/<name>')
    .argument(
      '<namespace>',
      'namespace on the control plane that holds the claims of this cluster, and of no other',
    )
    .option(
      '-f, --file <file>',
      'values of the chart, as a YAML file or URL; may be given again',
      collect,
      [],
    )
    .option('--set <key=value>', 'values of the chart, as helm has them; may be given again', collect, [])
    .option('--reset-values', 'forget the values that an earlier run was given', false)
    .option(
      '--control-plane-kubeconfig <file>',
      "an administrator's kubeconfig of the control plane: namespace, account, rights and Secret are made with it",
    )
    .option(
      '--control-plane-server <url>',
      'address at which pods reach the control plane, where it is not that of the kubeconfig',
    )
    .option(
      '--control-plane-secret <name>',
      'Secret with a kubeconfig for the control plane; with --control-plane-kubeconfig, the one to make (default: <release>-kubeconfig)',
    )
    .option(
      '--token <token>',
      'API token of the organization, for a control plane in a Space; - reads it from standard input',
    )
    .option('--token-file <file>', 'file with that token')
    .option('--account <name>', 'organization that the token is of')
    .option('--space-host <host>', 'host of the Space')
    .option('--space-ca <file>', 'CA of the Space, where it is no public one (PEM)')
    .option(
      '--cluster-name <name>',
      'what to call this cluster on the control plane (default: the namespace)',
    )
    .option(
      '--take-over',
      'take the APIs over from another installation of an mcp-connector, without a gap',
      false,
    )
    .option(
      '-n, --installation-namespace <namespace>',
      'namespace of the connector in this cluster',
      process.env['MCP_CONNECTOR_NAMESPACE'] || 'kube-system',
    )
    .option('--release-name <name>', 'name of the Helm release', 'mcp-connector')
    .option('--dry-run', 'say what would be done, and do nothing', false)
    .option('--no-wait', 'do not wait until the pods are ready and the APIs are Available')
    .option('--timeout <duration>', 'how long to wait, for pods and for APIs', '5m0s')
    .option('--chart <path>', 'chart to install (default: the one that comes with this program)')
    .option('--version <version>', 'version of that chart, where it comes from a repository')
    .option('--helm <file>', 'the helm program', 'helm');
  return addAppClusterOptions(command, 'this cluster').action(
    async (controlPlane: string, claimNamespace: string, flags: Flags) => {
      const options = await installOptions(controlPlane, claimNamespace, flags);
      const terminal = processTerminal();
      await using transport = openAppCluster(flags);
      using progress = new Progress(terminal);
      const result = await install(options, new KubeClient(transport), {
        check: (check) => progress.above(() => terminal.out(checkLine(check, terminal))),
        done: (line) => progress.above(() => terminal.out(`${line}\n`)),
        waiting: (what, done, total) => progress.step(what, done, total),
      });
      progress.above(() => terminal.out(summary(result, options)));
    },
  );
}

function collect(value: string, all: string[]): string[] {
  return [...all, value];
}

async function installOptions(
  controlPlane: string,
  claimNamespace: string,
  flags: Flags,
): Promise<InstallOptions> {
  const faults: string[] = [];
  const label = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
  if (!/^([a-z0-9][-a-z0-9.]*\/)?[a-z0-9][-a-z0-9.]*$/.test(controlPlane))
    faults.push(`"${controlPlane}" is no name of a control plane: give <name> or <group>/<name>`);
  if (!label.test(claimNamespace)) faults.push(`"${claimNamespace}" is no name of a namespace`);
  if (!label.test(flags.installationNamespace))
    faults.push(`--installation-namespace: "${flags.installationNamespace}" is no name of a namespace`);
  const timeoutMs = parseDuration(flags.timeout);
  if (!timeoutMs) faults.push(`--timeout: "${flags.timeout}" is no duration such as 5m0s or 90s`);
  if (flags.controlPlaneServer !== undefined && !flags.controlPlaneServer.startsWith('https://'))
    faults.push(`--control-plane-server: "${flags.controlPlaneServer}" is no https address`);
  if (flags.set.some((pair) => /(^|,)upbound\.token=/.test(pair)))
    faults.push(
      '--set: a token in arguments can be read by everybody on this machine; give it with --token-file',
    );
  const hasToken = flags.token !== undefined || flags.tokenFile !== undefined;
  if (hasToken && (flags.controlPlaneSecret ?? flags.controlPlaneKubeconfig) !== undefined)
    faults.push('a token and a kubeconfig exclude each other: give one of them');
  if (faults.length > 0) throw new ConnectorError('flags-invalid', faults.join('; '));
  const { controlPlaneKubeconfig, controlPlaneSecret, releaseName } = flags;
  return {
    controlPlane,
    claimNamespace,
    releaseName,
    namespace: flags.installationNamespace,
    kubeconfig: flags.kubeconfig,
    context: flags.context,
    files: flags.file,
    sets: flags.set,
    resetValues: flags.resetValues,
    clusterName: flags.clusterName ?? claimNamespace,
    controlPlaneSecret: controlPlaneKubeconfig === undefined ? controlPlaneSecret : undefined,
    controlPlaneKubeconfig,
    controlPlaneServer: flags.controlPlaneServer,
    token: await readToken(flags),
    tokenSecret: `${releaseName}-upbound-token`,
    account: flags.account,
    spaceHost: flags.spaceHost,
    spaceCa: flags.spaceCa === undefined ? undefined : await readText(flags.spaceCa),
    kubeconfigSecret: controlPlaneSecret ?? `${releaseName}-kubeconfig`,
    takeOver: flags.takeOver,
    dryRun: flags.dryRun,
    isWaiting: flags.wait,
    timeout: flags.timeout,
    timeoutMs: timeoutMs as number,
    chart: flags.chart,
    version: flags.version,
    helm: flags.helm,
    openFile: (file) => new Transport(accessFromFile(file), hasEnvironmentProxy()),
    hasProxy: hasEnvironmentProxy(),
  };
}

async function readToken({ token, tokenFile }: Flags): Promise<string | undefined> {
  const given =
    token === '-' ? await text(process.stdin) : (token ?? (tokenFile && (await readText(tokenFile))));
  if (given === undefined) return undefined;
  // A header of HTTP takes no other characters.
  if (!/^[\x21-\x7E]+$/.test(given.trim()))
    throw new ConnectorError('flags-invalid', 'the token is empty, or has characters that no token has');
  return given.trim();
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new ConnectorError('flags-invalid', `${file} cannot be read: ${describeError(cause)}`, { cause });
  }
}

function summary({ apis, hasChanged, fullname }: InstallResult, options: InstallOptions): string {
  const rows = apis.map(({ name, resources, isAvailable }) => [
    name,
    resources.join(','),
    String(isAvailable),
  ]);
  const table = rows.length === 0 ? '' : `\n${columns([['API', 'RESOURCES', 'AVAILABLE'], ...rows])}`;
  if (options.dryRun) return 'Nothing was done, this was a dry run.\n';
  const said = hasChanged ? '' : 'Nothing had to be changed.\n';
  const next =
    rows.length === 0 && options.isWaiting
      ? `No API is connected yet; see kubectl -n ${options.namespace} logs deploy/${fullname}\n`
      : '';
  return `${said}${table}${next}`;
}
