import type { Logger } from '../../base/logger.ts';
import type { Metrics } from '../../base/metrics.ts';
import type { EventRecorder } from '../../clusters/event-recorder.ts';

export interface OrphanedClaimsReportOptions {
  /** Of the app cluster. */
  events: EventRecorder;
  log: Logger;
  metrics: Metrics;
  uidOf: (namespace: string) => string | undefined;
}

interface Orphaned {
  namespace: string;
  resource: string;
  names: string[];
}

const namesInEvent = 10;

/** Says in log, metric and Event that claims outlive their namespace: somebody pays for them. */
export function reportOrphaned(options: OrphanedClaimsReportOptions): (orphaned: Orphaned) => void {
  const { events, log, metrics, uidOf } = options;
  return ({ namespace, resource, names }) => {
    metrics.claimsOrphaned.inc({ resource }, names.length);
    log.warn(
      { namespace, resource, claims: names },
      'claims stay on the control plane without their namespace',
    );
    const some = names.slice(0, namesInEvent).join(', ') + (names.length > namesInEvent ? ', ...' : '');
    const object = { apiVersion: 'v1', kind: 'Namespace', name: namespace, uid: uidOf(namespace) };
    const message = `${names.length} ${resource} stay on the control plane: ${some}`;
    events.record(object, 'Warning', 'ClaimsOrphaned', message);
  };
}
