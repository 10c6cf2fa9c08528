import Sequencer from '@jest/test-sequencer';

/**
 * The files that take longest, in the order in which two workers take them: one that computes beside one that waits for
 * most of its time. All others follow, integration before unit tests, which fill what is left at the end.
 */
const first = [
  'oracle/oracle',
  'integration/chaos',
  'integration/rotation',
  'integration/rotation-clusters',
  'integration/limits-memory',
  'integration/kubernetes-versions',
  'integration/outage-connections',
  'integration/namespaces-outage',
  'integration/real-clients',
  'integration/outage-answers',
  'integration/attacks-control-plane',
  'integration/outage-kubeconfig',
  'integration/crossplane-v2',
  'integration/owners-faults',
  'integration/claim-events',
  'integration/replicas',
  'integration/registry-steady',
  'integration/two-replicas',
  'integration/lab',
];

/** Without it jest goes by the times of its last run, which a clean checkout does not have, and by the size of files. */
export default class LongFirstSequencer extends Sequencer {
  sort(tests) {
    return tests.toSorted(
      (one, other) => rank(one.path) - rank(other.path) || one.path.localeCompare(other.path),
    );
  }
}

function rank(file) {
  const place = first.findIndex((name) => file.endsWith(`/test/${name}.test.ts`));
  if (place >= 0) return place;
  return /\/test\/(integration|oracle)\//.test(file) ? first.length : first.length + 1;
}
