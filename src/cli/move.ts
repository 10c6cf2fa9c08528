import { Command, Option } from 'commander';
import { ConnectorError } from '../base/errors.ts';
import { apiName, readClaimApis } from '../claim-moves/claim-api.ts';
import { Ledger, type LedgerEntry } from '../claim-moves/ledger.ts';
import { planMoves, planOfEntry } from '../claim-moves/plan.ts';
import type { BlockerReason, MoveRequest } from '../claim-moves/preflight.ts';
import { runMoves } from '../claim-moves/run-moves.ts';
import {
  appPlaceOf,
  findApi,
  listSelected,
  readSelected,
  type SelectedClaim,
} from '../claim-moves/selection.ts';
import { nameByPattern, unknownPlaceholders } from '../claim-moves/target-names.ts';
import { planUndo, runUndo } from '../claim-moves/undo.ts';
import { KubeClient } from '../clusters/kube-client.ts';
import { openControlPlane } from './control-plane.ts';
import { addJudgement } from './move-judgement.ts';
import { carryOut } from './move-report.ts';
import { type OutputFormat, outputOption, printed } from './output-format.ts';
import { columns } from './table.ts';
import { processTerminal } from './terminal.ts';

interface Flags {
  controlPlaneKubeconfig?: string;
  controlPlaneContext?: string;
  namespace: string;
  output: OutputFormat;
  yes: boolean;
}

interface MoveFlags extends Flags {
  toNamespace?: string;
  toName?: string;
  namePattern?: string;
  selector?: string;
  all: boolean;
  dryRun: boolean;
  guard: boolean;
  ignorePreflightErrors: BlockerReason[];
}

/** `mcp-connector move`, and below it resume, undo and list. */
export function moveCommand(): Command {
  const command = new Command('move')
    .description(
      'Move claims on the control plane to another namespace or name, and leave what is behind them as it is',
    )
    .argument(
      '[claims...]',
      'RESOURCE/NAME, several of them, or RESOURCE with --all or --selector; nothing with --all for every kind',
    )
    .option(
      '--to-namespace <namespace>',
      'namespace of the control plane to move to; default: the one they are in',
    )
    .option('--to-name <name>', 'new name; for one claim')
    .option(
      '--name-pattern <pattern>',
      'new names, made of {name} and {namespace}, as users of the app cluster call it, and {id}, the name it has',
    )
    .option('-l, --selector <selector>', 'claims with these labels only')
    .option('--all', 'all claims of the namespace', false)
    .option('--dry-run', 'print what would be done, and what stands in the way', false)
    .addHelpText(
      'after',
      `
  mcp-connector move databases.example.org/claim-1f2e3d4c5b6a7988 -n app-cluster-1 --to-namespace shop --to-name orders
  mcp-connector move --all -n app-cluster-1 --to-namespace shop --name-pattern '{namespace}-{name}' --dry-run
  mcp-connector move undo --all -n app-cluster-1`,
    );
  addJudgement(addCommon(command)).action(async (claims: string[], flags: MoveFlags) => {
    requireNamespace(flags);
    await using controlPlane = openControlPlane(flags);
    const client = new KubeClient(controlPlane);
    const planned = await planMoves(client, await requestsFor(client, claims, flags), {
      guard: flags.guard,
      ignored: flags.ignorePreflightErrors,
    });
    await carryOut({
      planned,
      ...flags,
      what: 'Move',
      run: (options) => runMoves(planned, { ...options, client }),
    });
  });
  // What stands behind the word undo is for undo.
  return command
    .enablePositionalOptions()
    .addCommand(resumeCommand())
    .addCommand(undoCommand())
    .addCommand(listCommand());
}

function resumeCommand(): Command {
  const command = new Command('resume').description('Take up moves that were cut off');
  return addCommon(command).action(async (flags: Flags) => {
    requireNamespace(flags);
    await using controlPlane = openControlPlane(flags);
    const client = new KubeClient(controlPlane);
    const entries = (await new Ledger(client).list(flags.namespace)).filter(
      ({ phase }) => phase !== 'moved' && phase !== 'undone',
    );
    const planned = entries.map((entry) => planOfEntry(entry));
    await carryOut({
      planned,
      ...flags,
      dryRun: false,
      what: 'Resume',
      run: (options) => runMoves(planned, { ...options, client }),
    });
  });
}

function undoCommand(): Command {
  const command = new Command('undo')
    .description('Take moves back, also those that have ended')
    .argument('[claims...]', 'RESOURCE/NAME, as the claims were called before')
    .option('--all', 'all moves from the namespace', false)
    .option('--dry-run', 'print what would be done, and what stands in the way', false);
  return addJudgement(addCommon(command)).action(async (claims: string[], flags: MoveFlags) => {
    requireNamespace(flags);
    await using controlPlane = openControlPlane(flags);
    const client = new KubeClient(controlPlane);
    const entries = chosen(await new Ledger(client).list(flags.namespace), claims, flags.all);
    const plan = await planUndo(client, entries, {
      guard: flags.guard,
      ignored: flags.ignorePreflightErrors,
    });
    await carryOut({
      planned: plan.planned,
      ...flags,
      what: 'Undo',
      run: (options) => runUndo(plan, { ...options, client }),
    });
  });
}

function listCommand(): Command {
  const command = new Command('list').description('List the moves from a namespace');
  return addConnection(command)
    .addOption(outputOption())
    .action(async (flags: Flags) => {
      requireNamespace(flags);
      await using controlPlane = openControlPlane(flags);
      const entries = await new Ledger(new KubeClient(controlPlane)).list(flags.namespace);
      const moves = entries.map(({ phase, record }) => ({
        resource: apiName(record.api),
        from: { namespace: record.from.namespace, name: record.from.name },
        to: record.to,
        composite: record.composite.name,
        phase,
        reason: record.reason,
      }));
      processTerminal().out(printed({ moves }, flags.output, () => tableOf(moves)));
    });
}

function tableOf(
  moves: {
    resource: string;
    from: { name: string };
    to: { namespace: string; name: string };
    phase: string;
    reason: string | undefined;
  }[],
): string {
  if (moves.length === 0) return 'No moves found.\n';
  const rows = moves.map(({ resource, from, to, phase, reason }) => [
    `${resource}/${from.name}`,
    `${to.namespace}/${to.name}`,
    phase,
    reason ?? '',
  ]);
  return columns([['CLAIM', 'TO', 'PHASE', 'REASON'], ...rows]);
}

/** The options of a command count for those below it too, where they are needed and not where they are optional. */
function requireNamespace({ namespace }: Flags): void {
  if (namespace === '')
    throw new ConnectorError(
      'bad-flag',
      '--namespace is needed: the namespace of the control plane that the claims are in',
    );
}

function addConnection(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--control-plane-kubeconfig <file>',
        'kubeconfig of the control plane, with the right to change composite resources',
      ).env('MCP_CONNECTOR_CONTROL_PLANE_KUBECONFIG'),
    )
    .option('--control-plane-context <name>', 'context of that kubeconfig; default: its current one')
    .option(
      '-n, --namespace <namespace>',
      'namespace of the control plane that the claims are in, or were; needed',
      '',
    );
}

function addCommon(command: Command): Command {
  return addConnection(command).option('-y, --yes', 'do not ask', false).addOption(outputOption());
}

async function requestsFor(
  client: KubeClient,
  claims: readonly string[],
  flags: MoveFlags,
): Promise<MoveRequest[]> {
  const { toNamespace, toName, namePattern } = flags;
  if (toNamespace === undefined && toName === undefined && namePattern === undefined)
    throw new ConnectorError('bad-flag', 'say where to: give --to-namespace, --to-name or --name-pattern');
  if (toName !== undefined && namePattern !== undefined)
    throw new ConnectorError('bad-flag', '--to-name and --name-pattern exclude each other: give one of them');
  const unknown = unknownPlaceholders(namePattern ?? '');
  if (unknown.length > 0)
    throw new ConnectorError(
      'bad-flag',
      `--name-pattern: {${unknown[0]}} is none of {name}, {namespace} and {id}`,
    );
  const selected = await select(client, claims, flags);
  if (toName !== undefined && selected.length > 1)
    throw new ConnectorError(
      'bad-flag',
      `--to-name is for one claim, and ${selected.length} were chosen: give --name-pattern`,
    );
  return selected.flatMap(({ api, claim }): MoveRequest[] => {
    const { name, namespace = '', uid = '' } = claim.metadata;
    const named = { resource: apiName(api), namespace, name, app: appPlaceOf(claim) };
    const to = {
      namespace: toNamespace ?? namespace,
      name: toName ?? (namePattern === undefined ? name : nameByPattern(namePattern, named)),
    };
    if (to.namespace === namespace && to.name === name) return [];
    const secret = claim.spec?.writeConnectionSecretToRef?.name;
    return [
      {
        api,
        claim,
        from: { namespace, name, uid },
        to,
        ...(secret === undefined ? {} : { secret: { from: secret, to: secret } }),
      },
    ];
  });
}

async function select(
  client: KubeClient,
  claims: readonly string[],
  flags: MoveFlags,
): Promise<SelectedClaim[]> {
  const { all, selector, namespace } = flags;
  const apis = await readClaimApis(client);
  const byName = claims.filter((claim) => claim.includes('/'));
  const kinds = claims.filter((claim) => !claim.includes('/'));
  const hasFilter = all || selector !== undefined;
  if (byName.length > 0 && hasFilter)
    throw new ConnectorError(
      'bad-flag',
      '--all and --selector go with resources, not with names: leave them out, or the names',
    );
  if (!hasFilter && (kinds.length > 0 || claims.length === 0))
    throw new ConnectorError(
      'bad-flag',
      `name claims as RESOURCE/NAME, or give --all for ${kinds[0] ?? 'everything in the namespace'}`,
    );
  const named = byName.map((given) => {
    const [resource = '', name = ''] = given.split('/');
    return readSelected(client, findApi(apis, resource), { namespace, name });
  });
  if (!hasFilter) return await Promise.all(named);
  return await listSelected(
    client,
    kinds.length === 0 ? apis : kinds.map((kind) => findApi(apis, kind)),
    namespace,
    selector,
  );
}

function chosen(entries: readonly LedgerEntry[], claims: readonly string[], all: boolean): LedgerEntry[] {
  if (all === claims.length > 0)
    throw new ConnectorError(
      'bad-flag',
      'name the moves as RESOURCE/NAME of the claim before, or give --all',
    );
  if (all) return entries.filter(({ phase }) => phase !== 'undone');
  return claims.map((given) => {
    const [resource = '', name] = given.split('/');
    const found = entries.findLast(
      ({ record, phase }) =>
        phase !== 'undone' && record.from.name === name && findApi([record.api], resource) === record.api,
    );
    if (found) return found;
    throw new ConnectorError(
      'claim-not-found',
      `no move of ${given} from this namespace is known: see mcp-connector move list`,
    );
  });
}
