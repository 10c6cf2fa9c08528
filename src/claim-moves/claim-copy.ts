import { claimMoveAnnotation, claimMovePauseAnnotation } from '../mapping/identity.ts';
import { apiVersionOf } from './claim-api.ts';
import { type ClaimObject, inUseLabel, pausedAnnotation } from './claim-object.ts';
import type { Differences, MoveRecord } from './ledger.ts';
import type { PauseMark } from './pause.ts';

/** What stands for the old claim only. */
const left = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  'usage.crossplane.io/deletion-attempt-with-policy',
  inUseLabel,
  claimMovePauseAnnotation,
]);

/**
 * The new claim: everything its author and Crossplane have put into the spec of the old one, the composite resource it is bound
 * to first of all, and all labels and annotations, since Crossplane takes from the composite resource what the claim no
 * longer has. Paused, and without a finalizer: until it is let go, deleting it touches nothing.
 */
export function copyOf(claim: ClaimObject, record: MoveRecord, move: string, mark: PauseMark): ClaimObject {
  const { api, to, secret } = record;
  return {
    apiVersion: apiVersionOf(api),
    kind: api.claim.kind,
    metadata: {
      name: to.name,
      namespace: to.namespace,
      labels: copied(claim.metadata.labels, record.labels),
      annotations: {
        ...copied(claim.metadata.annotations, record.annotations),
        [pausedAnnotation]: 'true',
        [claimMovePauseAnnotation]: mark,
        [claimMoveAnnotation]: move,
      },
    },
    spec: { ...claim.spec, ...(secret ? { writeConnectionSecretToRef: { name: secret.to } } : {}) },
  };
}

function copied(values: Record<string, string> = {}, differences: Differences = {}): Record<string, string> {
  const same = Object.entries(values).filter(([key]) => !left.has(key) && differences[key] === undefined);
  const others = Object.entries(differences).flatMap(([key, { to }]) =>
    to === undefined ? [] : [[key, to]],
  );
  return Object.fromEntries([...same, ...others]) as Record<string, string>;
}
