import type { KubeClient } from '../clusters/kube-client.ts';
import { appClusterLabel, appNameLabel, appNamespaceLabel } from '../mapping/identity.ts';
import { apiName, type ClaimApi } from './claim-api.ts';
import { type ClaimObject, type Place, showPlace } from './claim-object.ts';
import { Ledger, type LedgerEntry, type MoveRecord } from './ledger.ts';
import { patiently } from './passing-errors.ts';
import { type Blocker, type BlockerReason, type MoveRequest, missingRights, Preflight } from './preflight.ts';
import { ConnectorError } from '../base/errors.ts';

/** One claim of a plan: what will be done, and what stands in its way. */
export interface PlannedMove {
  /** `<plural>.<group>` */
  resource: string;
  from: Place;
  to: Place;
  /** As the app cluster calls it. */
  app?: Place & { cluster: string };
  composite?: string;
  state: 'ready' | 'blocked' | 'under-way';
  blockers: Blocker[];
  warnings: string[];
  record: MoveRecord;
}

export interface PlanOptions {
  guard: boolean;
  /** Blockers that the user has judged: they become warnings. */
  ignored: readonly BlockerReason[];
}

const atOnce = 8;

/** Plans moves without a write. Throws ConnectorError `rights-missing` with every right that the account lacks. */
export async function planMoves(
  client: KubeClient,
  requests: readonly MoveRequest[],
  options: PlanOptions,
): Promise<PlannedMove[]> {
  await requireRights(client, requests);
  const ledger = new Ledger(client);
  const preflight = new Preflight(client);
  const counts = new Map<string, number>();
  for (const request of requests) counts.set(targetKey(request), (counts.get(targetKey(request)) ?? 0) + 1);
  return await inParallel(requests, atOnce, async (request): Promise<PlannedMove> => {
    const begun = await patiently(() => ledger.read(request.from.namespace, request.from.uid));
    if (begun && (begun.phase === 'moving' || begun.phase === 'stopped'))
      return planOfEntry(begun, request.claim);
    const findings = await patiently(() => preflight.look(request));
    if ((counts.get(targetKey(request)) ?? 0) > 1)
      findings.blockers.push({
        reason: 'TargetTwice',
        message: `another claim of this plan would be ${showPlace(request.to)} too: give a pattern that tells them apart`,
      });
    const blockers = findings.blockers.filter(({ reason }) => !options.ignored.includes(reason));
    const ignored = findings.blockers.filter(({ reason }) => options.ignored.includes(reason));
    return {
      ...placesOf(request),
      ...(findings.composite ? { composite: findings.composite.name } : {}),
      state: blockers.length > 0 ? 'blocked' : 'ready',
      blockers,
      warnings: [...ignored.map(({ message }) => message), ...findings.warnings],
      record: recordOf(request, findings.composite ?? { name: '', uid: '' }, options.guard),
    };
  });
}

/**
 * Moves from a namespace that were cut off, those of `known` claims left aside. The old claim of one may have gone already, so that
 * no list of claims has it.
 */
export async function interruptedMoves(
  client: KubeClient,
  namespace: string,
  known: ReadonlySet<string>,
): Promise<PlannedMove[]> {
  const entries = await new Ledger(client).list(namespace);
  return entries
    .filter(({ phase, record }) => (phase === 'moving' || phase === 'stopped') && !known.has(record.from.uid))
    .map((entry) => planOfEntry(entry));
}

/** A move that was begun is taken up as it was begun, whatever is asked for now. */
export function planOfEntry({ record, phase }: LedgerEntry, claim?: ClaimObject): PlannedMove {
  return {
    ...placesOf({ ...record, ...(claim ? { claim } : {}) }),
    composite: record.composite.name,
    state: 'under-way',
    blockers: [],
    warnings: [`it was begun before${phase === 'stopped' ? ` and stopped: ${record.reason}` : ''}`],
    record,
  };
}

async function requireRights(client: KubeClient, requests: readonly MoveRequest[]): Promise<void> {
  const places = new Map<string, { api: ClaimApi; from: string; to: string }>();
  for (const { api, from, to } of requests)
    places.set(`${apiName(api)} ${from.namespace} ${to.namespace}`, {
      api,
      from: from.namespace,
      to: to.namespace,
    });
  const missing = await Promise.all(
    [...places.values()].map((place) => missingRights(client, place.api, place)),
  );
  const rights = [...new Set(missing.flat())];
  if (rights.length === 0) return;
  throw new ConnectorError(
    'rights-missing',
    `this account of the control plane may not ${rights.join(', ')}: give --control-plane-kubeconfig of one that may, or bind the role "move" of deploy/control-plane.yaml`,
  );
}

function placesOf({
  api,
  from,
  to,
  claim,
}: Pick<MoveRecord, 'api' | 'from' | 'to'> & { claim?: ClaimObject }): Pick<
  PlannedMove,
  'resource' | 'from' | 'to' | 'app'
> {
  const labels = claim?.metadata.labels ?? {};
  const cluster = labels[appClusterLabel];
  return {
    resource: apiName(api),
    from: { namespace: from.namespace, name: from.name },
    to: { namespace: to.namespace, name: to.name },
    ...(cluster === undefined
      ? {}
      : { app: { cluster, namespace: labels[appNamespaceLabel] ?? '', name: labels[appNameLabel] ?? '' } }),
  };
}

function recordOf(
  request: MoveRequest,
  composite: { name: string; uid: string },
  guard: boolean,
): MoveRecord {
  const { api, from, to, secret, labels, annotations } = request;
  return {
    api,
    from,
    to,
    composite,
    ...(secret ? { secret } : {}),
    ...(labels ? { labels } : {}),
    ...(annotations ? { annotations } : {}),
    direction: 'forward',
    guard,
  };
}

function targetKey({ api, to }: MoveRequest): string {
  return `${apiName(api)} ${showPlace(to)}`;
}

/** In the order of `items`; at most `limit` at once. */
export async function inParallel<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  let at = 0;
  const worker = async (): Promise<void> => {
    while (at < items.length) {
      const index = at++;
      results[index] = await work(items[index] as T);
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  return results;
}
