import type { OwnerReference } from '../apimachinery/objects.ts';
import { ConnectorError } from '../base/errors.ts';
import { apiName } from '../claim-moves/claim-api.ts';
import { interruptedMoves, type PlannedMove, type PlanOptions, planMoves } from '../claim-moves/plan.ts';
import type { SelectedClaim } from '../claim-moves/selection.ts';
import type { KubeClient } from '../clusters/kube-client.ts';
import { secretsOf } from './delivered-secrets.ts';
import {
  type DepartingClaims,
  type KeptObject,
  keptOf,
  readDepartingClaims,
  requestsInto,
} from './departing-claims.ts';
import { type Dependents, findDependents, type IsClaim } from './dependents.ts';
import type { Installation } from './installation.ts';

export interface UninstallRequest {
  app: KubeClient;
  installation: Installation;
  /** Undefined where it cannot be reached: what is there stays. */
  controlPlane: KubeClient | undefined;
  /** Undefined: claims stay where they are. */
  moveTo: string | undefined;
  /** Of the new names. */
  pattern: string;
  /** True where an administrator asks, who may list everything; the connector's own account only knows the Secrets it has delivered. */
  looksEverywhere: boolean;
  moves: PlanOptions;
}

export interface UninstallPlan {
  apiServices: string[];
  dependents: Dependents;
  moves: PlannedMove[];
  kept: KeptObject[];
}

/** What will be done, and what stands in its way; without a write. */
export async function planUninstall(request: UninstallRequest): Promise<UninstallPlan> {
  const { installation } = request;
  const claims = await departingClaims(request);
  return {
    apiServices: installation.apiServices.map(({ metadata }) => metadata.name).toSorted(),
    dependents: await dependentsOf(request, claims),
    ...(await claimPlan(request, claims)),
  };
}

export async function departingClaims({
  controlPlane,
  installation,
}: UninstallRequest): Promise<DepartingClaims> {
  const { binding, resources, uninstall } = installation;
  if (!controlPlane || !binding || uninstall?.claims) return { claims: [], composites: [] };
  return await readDepartingClaims(controlPlane, binding, resources);
}

export async function claimPlan(
  { controlPlane, installation: { binding }, moveTo, pattern, moves: options }: UninstallRequest,
  { claims, composites }: DepartingClaims,
): Promise<Pick<UninstallPlan, 'moves' | 'kept'>> {
  if (!controlPlane || !binding || moveTo === undefined)
    return { moves: [], kept: [...claims.map(keptClaim), ...composites] };
  const requests = await requestsInto(controlPlane, claims, {
    to: moveTo,
    pattern,
    from: binding.claimNamespace,
  });
  const ignored = [...options.ignored, 'Connected' as const];
  const planned = await planMoves(controlPlane, requests, { ...options, ignored });
  const known = new Set(requests.map(({ from }) => from.uid));
  const stays = claims.filter(({ claim }) => !known.has(claim.metadata.uid ?? ''));
  const moves = [...planned, ...(await interruptedMoves(controlPlane, binding.claimNamespace, known))];
  return { moves: moves.map(withoutObvious), kept: [...stays.map(keptClaim), ...composites] };
}

function keptClaim({ api, claim }: SelectedClaim): KeptObject {
  return keptOf(apiName(api), claim);
}

/** That it was connected is why it is moved. */
function withoutObvious({ warnings, ...move }: PlannedMove): PlannedMove {
  return { ...move, warnings: warnings.filter((warning) => !warning.startsWith('the app cluster ')) };
}

export async function dependentsOf(
  request: UninstallRequest,
  { claims }: DepartingClaims,
): Promise<Dependents> {
  const { app, looksEverywhere, installation } = request;
  if (!looksEverywhere) return { found: await secretsOf(app, claims, claimTest(installation)), unknown: [] };
  return await findDependents(app, claimTest(installation), connectedGroups(installation));
}

export function connectedGroups({ apiServices, resources }: Installation): Set<string> {
  return new Set([...apiServices.map(({ spec }) => spec.group), ...resources.map(({ group }) => group)]);
}

/** By group and kind; by group alone where it is not known which kinds were connected. */
export function claimTest(installation: Installation): IsClaim {
  const groups = connectedGroups(installation);
  const kinds = new Set(installation.resources.map(({ group, kind }) => `${kind}.${group}`));
  return ({ apiVersion, kind }: OwnerReference) => {
    const [group = ''] = apiVersion.split('/');
    return groups.has(group) && (kinds.size === 0 || kinds.has(`${kind}.${group}`));
  };
}

/** Throws ConnectorError `blocked` with every claim that stands in the way. */
export function requireUnblocked(moves: readonly PlannedMove[]): void {
  const blocked = moves.filter(({ state }) => state === 'blocked');
  if (blocked.length === 0) return;
  const lines = blocked.flatMap(({ resource, from, blockers }) =>
    blockers.map(({ reason, message }) => `${resource}/${from.name}: ${reason}: ${message}`),
  );
  throw new ConnectorError(
    'blocked',
    `${blocked.length} of ${moves.length} claims cannot be moved, and nothing was done: ${lines.join('; ')}. Give --keep-blocked to leave them where they are, or --keep-in-place to leave all`,
  );
}
