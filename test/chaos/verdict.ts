import { byAttempt, type EndState, keyOf } from './end-state.ts';
import type { Dependent } from './families.ts';
import type { ChaosClaim, Ledger } from './ledger.ts';

/**
 * What both clusters still have to do by themselves before the state can be judged: finalizers, Crossplane and the garbage
 * collectors take their time. Empty when all is quiet.
 */
export function unfinished(state: EndState, ledger: Ledger, dependents: readonly Dependent[]): string[] {
  const { stored, composites, instances, shown } = state;
  const ending = stored.filter(({ metadata }) => metadata.deletionTimestamp !== undefined);
  const claims = new Set(stored.map(({ metadata }) => keyOf(metadata)));
  const alone = composites.filter(({ spec }) => !spec.claimRef || !claims.has(keyOf(spec.claimRef)));
  const composed = new Set(composites.map(({ spec }) => (spec.claimRef ? keyOf(spec.claimRef) : '')));
  const uncomposed = stored.filter(({ metadata }) => !composed.has(keyOf(metadata)));
  const deleted = ledger.entries.filter(({ deletion }) => deletion === 'acknowledged');
  const there = byAttempt(shown);
  const undeleted = deleted.filter(({ attempt }) => there.has(attempt));
  const orphans = dependents.filter(
    ({ uid, entry }) => entry.deletion === 'acknowledged' && state.configMaps.has(uid),
  );
  return [
    some(ending, 'claims are ending'),
    some(alone, 'composite resources have no claim'),
    some(uncomposed, 'claims have no composite resource'),
    some(undeleted, 'claims are there whose deletion was acknowledged'),
    some(orphans, 'ConfigMaps are there whose claim is gone'),
    instances.length === composites.length
      ? []
      : [`${instances.length} instances of ${composites.length} composite resources`],
  ].flat();
}

function some(found: readonly unknown[], what: string): string[] {
  return found.length === 0 ? [] : [`${found.length} ${what}`];
}

/** Compares the end with what the clients were told, and reports to the ledger what differs. */
export function judge(state: EndState, ledger: Ledger, dependents: readonly Dependent[]): void {
  const { shown, stored, composites } = state;
  const attempts = byAttempt(shown);
  for (const [attempt, claims] of attempts)
    if (claims.length > 1) ledger.report('duplicated', `${claims.length} claims of attempt ${attempt}`);
  for (const claim of shown) {
    const entry = ledger.see(claim, 'end');
    if (entry?.deletion === 'acknowledged')
      ledger.report('lost', `end: ${entry.title} is there, and its deletion was acknowledged`);
  }
  for (const entry of ledger.entries)
    if (entry.mustExist && !attempts.has(entry.attempt))
      ledger.report('lost', `end: ${entry.title} is not there`);
  compareViews(shown, stored, ledger);
  judgeComposites(state, ledger);
  for (const { entry, name, uid } of dependents) {
    const isThere = state.configMaps.has(uid);
    if (entry.mustExist && !isThere)
      ledger.report('wrongly deleted', `end: ConfigMap ${name} below ${entry.title}, which is there`);
    if (entry.deletion === 'acknowledged' && isThere)
      ledger.report('lost', `end: the ConfigMap ${name} below ${entry.title} was not collected`);
  }
  if (composites.length === 0) ledger.report('lost', 'end: there is no composite resource at all');
}

/** What is the same in both clusters. */
function common({ metadata, spec }: ChaosClaim): string {
  return JSON.stringify([metadata.uid, metadata.resourceVersion, spec.parameters]);
}

/** The app cluster shows what the control plane stores, no more, no less, with the same uids and specs. */
function compareViews(shown: readonly ChaosClaim[], stored: readonly ChaosClaim[], ledger: Ledger): void {
  const storedByUID = new Map(stored.map((claim) => [claim.metadata.uid, claim]));
  for (const claim of shown) {
    const found = storedByUID.get(claim.metadata.uid);
    storedByUID.delete(claim.metadata.uid);
    if (!found) ledger.report('duplicated', `end: ${keyOf(claim.metadata)} is in the app cluster only`);
    else if (common(found) !== common(claim))
      ledger.report('lost', `end: ${common(claim)} is shown, ${common(found)} is stored`);
  }
  for (const { metadata } of storedByUID.values())
    ledger.report('lost', `end: ${keyOf(metadata)} is on the control plane only`);
}

/** One composite resource for each claim, and one instance for each of those. */
function judgeComposites({ stored, composites, instances }: EndState, ledger: Ledger): void {
  const byClaim = Map.groupBy(composites, ({ spec }) => (spec.claimRef ? keyOf(spec.claimRef) : 'nobody'));
  for (const { metadata, spec } of stored) {
    const found = byClaim.get(keyOf(metadata)) ?? [];
    byClaim.delete(keyOf(metadata));
    if (found.length > 1)
      ledger.report('duplicated', `end: ${keyOf(metadata)} has ${found.length} composite resources`);
    if (found.length === 0) ledger.report('lost', `end: ${keyOf(metadata)} has no composite resource`);
    else if (found.length === 1 && found[0]?.metadata.name !== spec.resourceRef?.name)
      ledger.report('duplicated', `end: ${keyOf(metadata)} names ${spec.resourceRef?.name}`);
  }
  for (const [claim, left] of byClaim)
    ledger.report('duplicated', `end: ${left.length} composite resources of ${claim}, which is not there`);
  if (instances.length !== composites.length)
    ledger.report(
      'duplicated',
      `end: ${instances.length} instances of ${composites.length} composite resources`,
    );
}
