import { ConnectorError } from '../base/errors.ts';
import { leftOf, type MoveResult, runMoves, type RunOptions } from '../claim-moves/run-moves.ts';
import type { Lease } from '../clusters/lease.ts';
import { type HelmCall, podsGone, removeChart } from './chart.ts';
import { type KeptObject, releaseFinalizers } from './departing-claims.ts';
import { deleteDependent, type Dependent, detach, showDependent } from './dependents.ts';
import { holdLease } from './held-lease.ts';
import { writeInventory } from './inventory.ts';
import { bequeathLeftovers, removeLeftovers } from './leftovers.ts';
import { claimPlan, claimTest, departingClaims, dependentsOf, type UninstallRequest } from './plan.ts';
import { removeRegistrations } from './registrations.ts';

export interface UninstallOptions extends UninstallRequest {
  /** Delete the connection Secrets of the app cluster, in place of leaving them without an owner. */
  deleteSecrets: boolean;
  /** Leave claims where they are that cannot be moved, in place of doing nothing. */
  keepBlocked: boolean;
  /** Whoever runs this removes the chart: its name goes with this ClusterRole. */
  keepChart: { ownerClusterRole: string } | undefined;
  helm: HelmCall;
  onStage?: (words: string) => void;
  moving: Pick<RunOptions, 'onStep' | 'onResult'>;
}

export interface UninstallResult {
  /** Objects of the app cluster that claims owned, and that now stand for themselves. */
  detached: string[];
  deleted: string[];
  apiServices: string[];
  moves: MoveResult[];
  kept: KeptObject[];
  /** ConfigMap of the control plane that names what is kept. */
  inventory?: string;
  /** What else was removed. */
  removed: string[];
  /** Resources of the app cluster that may hold objects of claims, and could not be looked at. */
  unknown: string[];
}

/**
 * Takes the connector out of the app cluster. The order is what keeps everything alive that is to live, wherever it is cut off:
 *
 * 1. The fence: no replica registers an API or copies a Secret again, and no claim is created any more.
 * 2. The Lease, which proves that the last one who did has stopped.
 * 3. Claims are taken out of the owners of everything in the app cluster, while they still can be asked for.
 * 4. The APIServices go. From here on the app cluster can neither see a claim go nor make one anew.
 * 5. The claims are moved, which for the app cluster would have looked like a deletion.
 * 6. The chart goes, and at last what the connector has made; the state object, where a run that is cut off begins, is the last.
 */
export async function uninstall(options: UninstallOptions): Promise<UninstallResult> {
  const { installation, moveTo, onStage = () => undefined } = options;
  const { state, helmRelease } = installation;
  const before = installation.uninstall;
  onStage('stopping the registration of APIs');
  const fence = {
    since: new Date().toISOString(),
    ...before,
    ...(moveTo === undefined ? {} : { moveTo }),
    ...(helmRelease === undefined ? {} : { helmRelease }),
  };
  await state.writeUninstall(fence);
  const lease = await holdLease(options.app, installation.release);
  try {
    const result = await freeAppCluster(options, onStage);
    const claims = await settleClaims(options, onStage);
    const failed = claims.moves.filter(({ state: end }) => end !== 'moved');
    const isOver = failed.length === 0 || options.keepBlocked;
    if (!isOver)
      throw new ConnectorError(
        'not-moved',
        `${failed.length} claims were not moved: ${failed.map(showFailure).join('; ')}. The app cluster is free of the APIs; run uninstall again to go on, or with --keep-in-place to leave the others`,
      );
    if (options.controlPlane)
      await state.writeUninstall({ ...fence, claims: moveTo === undefined ? 'kept' : 'moved' });
    onStage('removing the connector');
    return { ...result, ...claims, removed: await removeConnector(options, lease) };
  } finally {
    await lease.stop();
  }
}

async function freeAppCluster(
  options: UninstallOptions,
  onStage: (words: string) => void,
): Promise<Pick<UninstallResult, 'detached' | 'deleted' | 'apiServices' | 'unknown'>> {
  onStage('looking for what claims own');
  const claims = await departingClaims(options);
  const first = await dependentsOf(options, claims);
  await release(options, first.found);
  onStage('removing the APIs');
  const apiServices = await removeRegistrations(options.app, options.installation.release);
  // What somebody has made while the first look went on.
  const second = await dependentsOf(options, claims);
  await release(options, second.found);
  const all = new Map([...first.found, ...second.found].map((one) => [showDependent(one), one]));
  const goes = (one: Dependent): boolean => options.deleteSecrets && one.deliveredFor !== undefined;
  return {
    detached: [...all].filter(([, one]) => !goes(one)).map(([words]) => words),
    deleted: [...all].filter(([, one]) => goes(one)).map(([words]) => words),
    apiServices,
    unknown: second.unknown,
  };
}

async function release(options: UninstallOptions, dependents: readonly Dependent[]): Promise<void> {
  const isClaim = claimTest(options.installation);
  for (const dependent of dependents) {
    if (options.deleteSecrets && dependent.deliveredFor !== undefined)
      await deleteDependent(options.app, dependent);
    else await detach(options.app, dependent, isClaim);
  }
}

/** Read anew: until the APIs were gone, claims could come and go. */
async function settleClaims(
  options: UninstallOptions,
  onStage: (words: string) => void,
): Promise<Pick<UninstallResult, 'moves' | 'kept' | 'inventory'>> {
  const { controlPlane, installation } = options;
  const { binding, resources, uninstall: before } = installation;
  if (!controlPlane || !binding || before?.claims) return { moves: [], kept: [] };
  await releaseFinalizers(controlPlane, binding, resources);
  const { moves: planned, kept } = await claimPlan(options, await departingClaims(options));
  const blocked = planned.filter(({ state }) => state === 'blocked');
  if (planned.length > 0) onStage(`moving ${planned.length - blocked.length} claims`);
  const moved = await runMoves(planned, { ...options.moving, client: controlPlane });
  const left = blocked.map((plan) => leftOf(plan, plan.blockers.map(({ message }) => message).join('; ')));
  const stays = [
    ...kept,
    ...blocked.map(({ resource, from: place, app, record }): KeptObject => ({
      resource,
      place,
      app: app ?? place,
      uid: record.from.uid,
    })),
  ];
  const moves = [...moved, ...left];
  if (stays.length === 0) return { moves, kept: stays };
  const inventory = await writeInventory(controlPlane, binding, stays);
  return { moves, kept: stays, ...(inventory === undefined ? {} : { inventory }) };
}

function showFailure({ from, state, reason }: MoveResult): string {
  return `${from.name} ${state}${reason === undefined ? '' : ` (${reason})`}`;
}

async function removeConnector(
  { app, installation, keepChart, helm }: UninstallOptions,
  lease: Lease,
): Promise<string[]> {
  // Given up before it is removed: a renewal would make it again.
  await lease.stop();
  if (keepChart) {
    await bequeathLeftovers(app, installation, keepChart.ownerClusterRole);
    return [];
  }
  const removed = await removeChart(app, installation, helm);
  if (removed.length > 0) await podsGone(app, installation);
  return [...removed, ...(await removeLeftovers(app, installation))];
}
