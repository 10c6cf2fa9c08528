import type { KubeObject, ObjectReference } from './objects.ts';

/**
 * core/v1 Event, which every Event can be read as: one made through events.k8s.io/v1 has `eventTime` and, when repeated,
 * `series`; one made by client-go's older recorder has `count` and the two timestamps.
 */
export interface ClusterEvent extends KubeObject {
  involvedObject: ObjectReference & { resourceVersion?: string | undefined; fieldPath?: string | undefined };
  type?: string | undefined;
  reason?: string | undefined;
  message?: string | undefined;
  action?: string | undefined;
  source?: { component?: string; host?: string } | undefined;
  count?: number | undefined;
  /** RFC 3339, here and below; null stands for none. */
  firstTimestamp?: string | null | undefined;
  lastTimestamp?: string | null | undefined;
  eventTime?: string | null | undefined;
  series?: { count: number; lastObservedTime: string } | null | undefined;
  reportingComponent?: string | undefined;
  reportingInstance?: string | undefined;
}

/** Milliseconds since the epoch. */
export function lastSeenOf({
  series,
  lastTimestamp,
  eventTime,
  firstTimestamp,
  metadata,
}: ClusterEvent): number {
  const time =
    series?.lastObservedTime ??
    lastTimestamp ??
    eventTime ??
    firstTimestamp ??
    metadata.creationTimestamp ??
    '';
  return Date.parse(time) || 0;
}
