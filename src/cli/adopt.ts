import { Command, Option } from 'commander';
import type { KubeObject } from '../apimachinery/objects.ts';
import { readArchive, writeArchive } from '../adoption/archive.ts';
import { type AdoptionBlockerReason, ignorableBlockers } from '../adoption/blockers.ts';
import type { BothClusters } from '../adoption/copies.ts';
import { type Adoption, AdoptionLedger } from '../adoption/ledger.ts';
import { type AdoptionTarget, planAdoptions, plannedOf, type PlannedAdoption } from '../adoption/plan.ts';
import { finishAdoptions } from '../adoption/finish.ts';
import { type AdoptionResult, runAdoptions, undoAdoptions } from '../adoption/run-adoptions.ts';
import { StoredArchive } from '../adoption/stored-archive.ts';
import { ConnectorError } from '../base/errors.ts';
import { namespacePath } from '../clusters/api-paths.ts';
import { KubeClient } from '../clusters/kube-client.ts';
import { carryOutAdoptions } from './adopt-report.ts';
import {
  chosen,
  isOfArchive,
  namesOf,
  needsArchive,
  requireArchive,
  select,
  selectArchived,
  type SelectionFlags,
  sourceOf,
} from './adopt-selection.ts';
import { addAppClusterOptions, type AppClusterFlags, openAppCluster } from './app-cluster.ts';
import { addControlPlaneOptions, type ControlPlaneFlags, openControlPlane } from './control-plane.ts';
import { ignoreOption } from './move-judgement.ts';
import { type OutputFormat, outputOption } from './output-format.ts';

interface Flags extends AppClusterFlags, ControlPlaneFlags, SelectionFlags {
  claimNamespace?: string;
  mcpConnectorClaimNamespace?: string;
  clusterId?: string;
  mcpConnectorClusterId?: string;
  output: OutputFormat;
  yes: boolean;
  dryRun: boolean;
}

interface AdoptFlags extends Flags {
  archive?: string;
  fromArchive?: string;
  ignorePreflightErrors: AdoptionBlockerReason[];
}

/** Of what takes up adoptions that were begun. */
interface LaterFlags extends Flags {
  archive?: string;
}

type Ground = BothClusters & AdoptionTarget;

/** `mcp-connector adopt`, and below it resume, undo and finish. */
export function adoptCommand(): Command {
  const command = new Command('adopt')
    .description(
      "Hand the claims of an app cluster's own Crossplane over to a control plane, and leave what is behind them as it is",
    )
    .argument(
      '[claims...]',
      'RESOURCE/NAME of the app cluster, several of them, or RESOURCE with --all; nothing with --all for every kind',
    )
    .option(
      '--archive <file>',
      'where to keep everything as it was, Secrets included; needed unless with --dry-run',
    )
    .option(
      '--from-archive <file>',
      'adopt what an archive of `up controlplane migration export`, or of adopt itself, has: for an app cluster that lost its Crossplane',
    )
    .addOption(ignoreOption(ignorableBlockers))
    .addHelpText(
      'after',
      `
  mcp-connector adopt --all --claim-namespace app-cluster-1 --control-plane-kubeconfig cp.kubeconfig --dry-run
  mcp-connector adopt --all --claim-namespace app-cluster-1 --control-plane-kubeconfig cp.kubeconfig --archive before.tar.gz
  mcp-connector adopt undo --all --claim-namespace app-cluster-1 --control-plane-kubeconfig cp.kubeconfig`,
    );
  addCommon(command).action(async (claims: string[], flags: AdoptFlags) => {
    await onGround(flags, async (ground) => {
      const { archive, fromArchive } = flags;
      if (archive !== undefined && fromArchive !== undefined)
        throw new ConnectorError(
          'bad-flag',
          '--archive writes what is in the app cluster, and --from-archive takes what is not: give one of them',
        );
      const source = fromArchive === undefined ? undefined : await StoredArchive.read(fromArchive);
      const selected = source
        ? await selectArchived(source, ground, claims, flags)
        : await select(ground.app, claims, flags);
      const planned = await planAdoptions(ground, selected, ground, flags.ignorePreflightErrors, source);
      if (source) requireArchive(planned, source);
      if (!flags.dryRun && !source && archive === undefined && planned.some(({ state }) => state === 'ready'))
        throw new ConnectorError(
          'bad-flag',
          '--archive is needed: a file for everything as it was; keep it until you are sure',
        );
      await carryOutAdoptions({
        planned,
        ...flags,
        what: 'Adopt',
        wanted: ['adopted'],
        isDue: ({ state }) => state === 'ready' || state === 'under-way',
        run: async (options) =>
          await runAdoptions(planned, {
            ...ground,
            ...options,
            source,
            archive: source ? source.digest : await archived(archive, ground, planned),
          }),
      });
    });
  });
  return command
    .enablePositionalOptions()
    .addCommand(resumeCommand())
    .addCommand(undoCommand())
    .addCommand(finishCommand());
}

function resumeCommand(): Command {
  const command = new Command('resume')
    .description('Take up adoptions and undos that were cut off')
    .option('--archive <file>', 'the archive that one of them is made of, or undone with');
  return addCommon(command).action(async (flags: LaterFlags) => {
    await onGround(flags, async (ground) => {
      const entries = await entriesOf(ground);
      const planned = entries.map(plannedOf).filter(({ state }) => state === 'under-way');
      const source = await sourceOf(flags.archive, planned, needsArchive(entries));
      await carryOutAdoptions({
        planned,
        ...flags,
        what: 'Resume',
        wanted: ['adopted', 'undone'],
        isDue: () => true,
        run: (options) => runAdoptions(planned, { ...ground, ...options, source }),
      });
    });
  });
}

function undoCommand(): Command {
  const command = new Command('undo')
    .description("Hand claims back to the app cluster's own Crossplane")
    .argument('[claims...]', 'RESOURCE/NAME of the app cluster')
    .option(
      '--archive <file>',
      'the archive of the adoption: once finish has begun, what it removed is made of it again',
    );
  return addCommon(command).action(async (claims: string[], flags: LaterFlags) => {
    await onGround(flags, async (ground) => {
      const entries = chosen(await entriesOf(ground), claims, flags);
      const planned = entries.map(plannedOf);
      const never = planned.filter((plan) => plan.state === 'finished' && isOfArchive(plan));
      if (never.length > 0)
        throw new ConnectorError(
          'cannot-undo',
          `${namesOf(never)}: adopted from an archive, and finished: the app cluster has nothing to go back to`,
        );
      const source = await sourceOf(flags.archive, planned, needsArchive(entries));
      await carryOutAdoptions({
        planned,
        ...flags,
        what: 'Undo the adoption of',
        wanted: ['undone'],
        isDue: () => true,
        run: (options): Promise<AdoptionResult[]> =>
          undoAdoptions(planned, { ...ground, ...options, source }),
      });
    });
  });
}

function finishCommand(): Command {
  const command = new Command('finish')
    .description(
      'Remove what was adopted, and its APIs, from the app cluster, so that the connector serves them; undo needs the archive after it',
    )
    .argument('[claims...]', 'RESOURCE/NAME of the app cluster');
  return addCommon(command).action(async (claims: string[], flags: Flags) => {
    await onGround(flags, async (ground) => {
      const entries = chosen(await entriesOf(ground), claims, flags).filter(
        ({ phase }) => phase !== 'finished',
      );
      const open = entries.filter(({ phase }) => !['adopted', 'finishing', 'detached'].includes(phase));
      if (open.length > 0)
        throw new ConnectorError(
          'not-adopted',
          `${open.map(({ record }) => record.members[0]?.from.name).join(', ')}: the adoption is not at its end; resume it first`,
        );
      const planned = entries.map(plannedOf);
      await carryOutAdoptions({
        planned,
        ...flags,
        what: 'Remove from the app cluster, for good,',
        wanted: ['finished'],
        isDue: () => true,
        run: (options) => finishAdoptions(planned, { ...ground, ...options }),
      });
    });
  });
}

async function entriesOf({ controlPlane, claimNamespace, clusterID }: Ground): Promise<Adoption[]> {
  const all = await new AdoptionLedger(controlPlane, claimNamespace).list(clusterID);
  return all.filter(({ phase }) => phase !== 'undone');
}

async function archived(
  file: string | undefined,
  { app, clusterID }: Ground,
  planned: readonly PlannedAdoption[],
): Promise<string | undefined> {
  if (file === undefined) return undefined;
  const members = planned.flatMap(({ record }) => record.members);
  const begins = planned.filter(({ state }) => state === 'ready').flatMap(({ record }) => record.members);
  const isBegun = planned.some(({ state }) => state !== 'ready');
  return await writeArchive(file, () => readArchive(app, members, clusterID), { clusterID, isBegun, begins });
}

async function onGround(flags: Flags, work: (ground: Ground) => Promise<void>): Promise<void> {
  const claimNamespace = flags.claimNamespace ?? flags.mcpConnectorClaimNamespace;
  if (claimNamespace === undefined)
    throw new ConnectorError(
      'bad-flag',
      '--claim-namespace is needed: the namespace of the control plane for the claims of this app cluster',
    );
  await using appTransport = openAppCluster(flags);
  await using controlPlaneTransport = openControlPlane(flags);
  const app = new KubeClient(appTransport);
  const controlPlane = new KubeClient(controlPlaneTransport);
  const [own, other] = await Promise.all([uidOf(app), uidOf(controlPlane)]);
  if (own === other)
    throw new ConnectorError(
      'same-cluster',
      'both kubeconfigs lead to the same cluster: --kubeconfig is for the app cluster, --control-plane-kubeconfig for the control plane',
    );
  const clusterID = flags.clusterId ?? flags.mcpConnectorClusterId ?? own;
  await work({ app, controlPlane, clusterID, claimNamespace });
}

/** What a cluster is told apart by, having no name of its own. */
async function uidOf(client: KubeClient): Promise<string> {
  return (await client.get<KubeObject>(namespacePath('kube-system'))).metadata.uid as string;
}

function addCommon(command: Command): Command {
  return addControlPlaneOptions(addAppClusterOptions(command), 'make composite and managed resources')
    .option('--claim-namespace <namespace>', 'namespace of the control plane for the claims; needed')
    .addOption(new Option('--mcp-connector-claim-namespace <namespace>', 'as --claim-namespace').hideHelp())
    .option(
      '--cluster-id <id>',
      "what tells app clusters apart; default: the uid of the app cluster's kube-system namespace",
    )
    .addOption(new Option('--mcp-connector-cluster-id <id>', 'as --cluster-id').hideHelp())
    .option(
      '-n, --namespace <namespace>',
      'namespace of the app cluster; default: all with --all, else "default"',
    )
    .option('--all', 'all claims', false)
    .option('--dry-run', 'print what would be done, and what stands in the way', false)
    .option('-y, --yes', 'do not ask', false)
    .addOption(outputOption());
}
