import { shortText } from '../../answers/short-text.ts';
import type { Condition } from '../../../apimachinery/objects.ts';
import { conditionOf, conditionText } from '../conditions.ts';
import type { PackageObject, PackageRevision } from './package-kinds.ts';
import { versionOf } from './package-reference.ts';

/** Of one package, as its own conditions and those of the revision it is about say. */
export interface PackageState {
  /** True where the wanted version is installed, active and healthy. */
  healthy: boolean;
  /** The revision of the wanted version; undefined while it has none. */
  revision: PackageRevision | undefined;
  /** Why it is not, in Crossplane's words. */
  problem: string | undefined;
  /** True where Crossplane is not expected to get further by itself. */
  stuck: boolean;
}

/** Crossplane 1 has one condition of health, 2 has one for what the package holds and one for its pod. */
const revisionHealth = new Set(['Healthy', 'RevisionHealthy', 'RuntimeHealthy']);
/** What passes while dependencies are fetched, or a pod is started. */
const passing =
  /missing dependencies|waiting for|deployment (?:is not|has no)|unavailable replicas|optimistic/i;

/**
 * An upgraded package keeps the health of the version before until Crossplane has looked at it again, so the revision is asked,
 * and only the one that the package's present reference led to.
 */
export function packageState(found: PackageObject, revisions: readonly PackageRevision[]): PackageState {
  const current =
    found.status?.currentIdentifier === found.spec.package
      ? revisions.find(({ metadata }) => metadata.name === found.status?.currentRevision)
      : undefined;
  const installed = conditionOf(found, 'Installed');
  const health = revisionConditions(current);
  const healthy =
    installed?.status === 'True' &&
    current !== undefined &&
    current.spec.desiredState === 'Active' &&
    health.length > 0 &&
    health.every(({ status }) => status === 'True') &&
    // Crossplane 2 has no condition of the pod before it has looked for it.
    conditionOf(found, 'Healthy')?.status === 'True';
  if (healthy) return { healthy, revision: current, problem: undefined, stuck: false };
  const bad = [
    ...(installed && installed.status !== 'True' ? [installed] : []),
    ...health.filter(({ status }) => status !== 'True'),
  ];
  const told = bad.find(({ message }) => message);
  const own = conditionOf(found, 'Healthy');
  const problem =
    told?.message ??
    (own && own.status !== 'True' && own.message ? own.message : undefined) ??
    (bad[0] ? conditionText(bad[0]) : undefined);
  const isManual = current !== undefined && current.spec.desiredState !== 'Active';
  return {
    healthy,
    revision: current,
    problem: isManual
      ? `revision ${current.metadata.name} is not active: its package's revisionActivationPolicy is Manual`
      : problem,
    stuck: isManual || (problem !== undefined && told !== undefined && !passing.test(problem)),
  };
}

export function revisionConditions(revision: PackageRevision | undefined): Condition[] {
  return (revision?.status?.conditions ?? []).filter(({ type }) => revisionHealth.has(type));
}

/** `True`, or the first thing that is wrong with it. */
export function revisionHealthText(revision: PackageRevision): string {
  const conditions = revisionConditions(revision);
  if (conditions.length === 0) return '-';
  const bad = conditions.find(({ status }) => status !== 'True');
  return bad ? conditionText(bad) : 'True';
}

/** One row of a list; the message in full is what `get_…` shows. */
export function packageRow(found: PackageObject): Record<string, unknown> {
  const [installed, healthy] = ['Installed', 'Healthy'].map((type) => conditionOf(found, type));
  const bad = [installed, healthy].find((one) => one && one.status !== 'True' && one.message);
  return {
    name: found.metadata.name,
    version: versionOf(found.spec.package),
    installed: installed?.status ?? '-',
    healthy: healthy?.status ?? '-',
    revision: found.status?.currentRevision ?? '-',
    problem: found.metadata.deletionTimestamp ? 'is being deleted' : shortText(bad?.message ?? '', 120),
  };
}
