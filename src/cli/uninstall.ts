import { Command, Option } from 'commander';
import { ConnectorError, describeError } from '../base/errors.ts';
import type { BlockerReason } from '../claim-moves/preflight.ts';
import { unknownPlaceholders } from '../claim-moves/target-names.ts';
import { namespacePath } from '../clusters/api-paths.ts';
import { ApiError, KubeClient } from '../clusters/kube-client.ts';
import { Transport } from '../clusters/transport.ts';
import { completeConfig } from '../config/config.ts';
import { findKubeconfig } from '../controllers/control-plane/kubeconfig-source.ts';
import { findInstallation, type Installation } from '../departure/installation.ts';
import { planUninstall, requireUnblocked, type UninstallRequest } from '../departure/plan.ts';
import { uninstall } from '../departure/uninstall.ts';
import { addAppClusterOptions, type AppClusterFlags, openAppCluster } from './app-cluster.ts';
import { confirm } from './confirmation.ts';
import { addControlPlaneOptions, type ControlPlaneFlags, openControlPlane } from './control-plane.ts';
import { exitCodes } from './exit-codes.ts';
import { addJudgement } from './move-judgement.ts';
import { progressOf } from './move-report.ts';
import { type OutputFormat, outputOption, printed } from './output-format.ts';
import { Progress } from './progress.ts';
import { processTerminal } from './terminal.ts';
import { planText, resultText, stayingText } from './uninstall-report.ts';

interface Flags extends AppClusterFlags, ControlPlaneFlags {
  installationNamespace: string;
  releaseName: string;
  keepInPlace: boolean;
  namePattern: string;
  deleteSecrets: boolean;
  keepBlocked: boolean;
  keepChart?: string;
  cancel: boolean;
  dryRun: boolean;
  guard: boolean;
  ignorePreflightErrors: BlockerReason[];
  helm: string;
  yes: boolean;
  output: OutputFormat;
}

/** `mcp-connector uninstall` */
export function uninstallCommand(): Command {
  const command = new Command('uninstall')
    .description('Take the connector out of the app cluster, and its claims to where their users find them')
    .argument(
      '[namespace]',
      'namespace of the control plane that the claims are moved to, under the names their users gave them',
    )
    .option('--keep-in-place', 'leave the claims where they are, under their hashed names', false)
    .option(
      '--name-pattern <pattern>',
      'new names, made of {name}, {namespace} and {id}, the name on the control plane',
      '{name}',
    )
    .option('--keep-blocked', 'go on where claims cannot be moved, and leave those where they are', false)
    .option('--delete-secrets', 'delete the connection Secrets of the app cluster; default: they stay', false)
    .option(
      '-n, --installation-namespace <namespace>',
      'namespace of the connector',
      process.env['POD_NAMESPACE'] || 'kube-system',
    )
    .option('--release-name <name>', 'what the objects of the connector are called', 'mcp-connector')
    .option('--helm <path>', 'the helm binary', 'helm')
    .addOption(
      new Option(
        '--keep-chart <clusterRole>',
        'leave the chart to whoever runs this; what the connector has made goes with this ClusterRole',
      ).hideHelp(),
    )
    .option('--cancel', 'end an uninstall that was begun: the connector registers its APIs again', false)
    .option('--dry-run', 'print what would be done, and what stands in the way', false)
    .option('-y, --yes', 'do not ask', false)
    .addOption(outputOption());
  addControlPlaneOptions(addAppClusterOptions(command), "move claims; default: the connector's own");
  return addJudgement(command).action(async (namespace: string | undefined, flags: Flags) => {
    await using transports = new AsyncDisposableStack();
    const app = new KubeClient(transports.use(openAppCluster(flags)));
    const release = { releaseName: flags.releaseName, namespace: flags.installationNamespace };
    const installation = await findInstallation(app, release);
    if (flags.cancel) return cancel(installation);
    const moveTo = targetOf(namespace, flags, installation);
    const { client: controlPlane, fault } = await reach(app, flags, installation);
    if (controlPlane) transports.use(controlPlane.transport);
    const request: UninstallRequest = {
      app,
      installation,
      controlPlane,
      moveTo,
      pattern: flags.namePattern,
      looksEverywhere: flags.keepChart === undefined,
      moves: { guard: flags.guard, ignored: flags.ignorePreflightErrors },
    };
    await carryOut(request, flags, fault);
  });
}

async function cancel({ state, uninstall: begun, apiServices }: Installation): Promise<void> {
  const terminal = processTerminal();
  if (!begun) return terminal.note('No uninstall was begun.\n');
  await state.writeUninstall(undefined);
  const again = apiServices.length === 0 ? ' and registers its APIs again' : '';
  terminal.note(
    `The connector goes on${again}. Objects that were taken from their claims are not given back.\n`,
  );
}

function targetOf(
  namespace: string | undefined,
  flags: Flags,
  { uninstall: begun }: Installation,
): string | undefined {
  const unknown = unknownPlaceholders(flags.namePattern);
  if (unknown.length > 0)
    throw new ConnectorError(
      'bad-flag',
      `--name-pattern: {${unknown[0]}} is none of {name}, {namespace} and {id}`,
    );
  if (namespace !== undefined && flags.keepInPlace)
    throw new ConnectorError(
      'bad-flag',
      'a namespace and --keep-in-place exclude each other: give one of them',
    );
  const target = namespace ?? (flags.keepInPlace ? undefined : begun?.moveTo);
  if (target === undefined && !flags.keepInPlace && !begun?.claims)
    throw new ConnectorError(
      'bad-flag',
      'say what becomes of the claims: name the namespace of the control plane to move them to, or give --keep-in-place',
    );
  return target;
}

interface Reached {
  client: KubeClient | undefined;
  /** Why it cannot be reached. */
  fault?: string;
}

/** What says that the control plane cannot be asked, whoever asks it. */
const unreachable = new Set([
  'unreachable',
  'unusable-answer',
  'kubeconfig-missing',
  'kubeconfig-key-missing',
  'credential-unavailable',
]);

/** A way to the control plane that answers; a wrong one is an error, and no answer is not. */
async function reach(app: KubeClient, flags: Flags, installation: Installation): Promise<Reached> {
  const { binding, uninstall: begun } = installation;
  if (!binding || begun?.claims) return { client: undefined };
  try {
    const client = new KubeClient(await openTransport(app, flags, installation));
    const { metadata } = await client.get<{ metadata: { uid?: string } }>(
      namespacePath(binding.claimNamespace),
    );
    if (metadata.uid === binding.claimNamespaceUID) return { client };
    throw new ConnectorError(
      'wrong-control-plane',
      `the control plane that answers is not the one the claims are on: its namespace ${binding.claimNamespace} is another`,
    );
  } catch (error) {
    // The connector's own credential may have been withdrawn long ago; one that was given is to be mended.
    const isRefused =
      error instanceof ApiError && error.status === 401 && flags.controlPlaneKubeconfig === undefined;
    if (!isRefused && !(error instanceof ConnectorError && unreachable.has(error.code))) throw error;
    return { client: undefined, fault: describeError(error) };
  }
}

/** As the flags say, else as the connector's pods go there. */
async function openTransport(
  app: KubeClient,
  flags: Flags,
  { flags: served, release }: Installation,
): Promise<Transport> {
  const hasWay = served['controlPlaneSecret'] !== undefined || served['upboundTokenSecret'] !== undefined;
  if (flags.controlPlaneKubeconfig !== undefined || !hasWay) return openControlPlane(flags);
  const config = completeConfig({ ...served, ...release }, process.env);
  return new Transport((await findKubeconfig(config, app)).open(), config.environmentProxy);
}

async function carryOut(request: UninstallRequest, flags: Flags, fault: string | undefined): Promise<void> {
  const terminal = processTerminal();
  const { installation } = request;
  const plan = await planUninstall(request);
  if (flags.dryRun) {
    const shown = { ...plan, moves: plan.moves.map(({ record: _record, ...move }) => move) };
    terminal.out(printed(shown, flags.output, () => planText(plan, request, fault, terminal)));
    process.exitCode =
      plan.moves.some(({ state }) => state === 'blocked') && !flags.keepBlocked
        ? exitCodes.failed
        : exitCodes.done;
    return;
  }
  if (!flags.keepBlocked) requireUnblocked(plan.moves);
  if (!flags.yes) terminal.note(planText(plan, request, fault, terminal));
  await confirm('Uninstall the connector?', { yes: flags.yes, terminal });
  using progress = new Progress(terminal);
  const result = await uninstall({
    ...request,
    deleteSecrets: flags.deleteSecrets,
    keepBlocked: flags.keepBlocked,
    keepChart: flags.keepChart === undefined ? undefined : { ownerClusterRole: flags.keepChart },
    helm: { binary: flags.helm, kubeconfig: flags.kubeconfig, context: flags.context },
    onStage: (words) => progress.step(words),
    moving: progressOf(progress, plan.moves.length),
  });
  const staying = fault === undefined ? '' : stayingText(installation, request.moveTo, fault);
  terminal.out(
    printed({ ...result, ...(staying ? { staying } : {}) }, flags.output, () =>
      resultText(result, installation.binding),
    ),
  );
  if (staying && flags.output === 'table') terminal.note(staying);
  const isDone =
    result.moves.every(({ state }) => state === 'moved') && (fault === undefined || flags.keepInPlace);
  process.exitCode = isDone ? exitCodes.done : exitCodes.failed;
}
