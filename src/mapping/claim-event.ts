import { hash } from 'node:crypto';
import type { ClusterEvent } from '../apimachinery/cluster-event.ts';
import { appReference, type FollowedClaim } from './followed-claim.ts';

/** events.k8s.io/v1 Event: bytes of the note. Events made there are held to it in every version. */
const maxNoteBytes = 1_024;

/**
 * An Event of the control plane about a claim, as the app cluster shows it on that claim. Its name follows from the uid of
 * the original, so that whoever brings it a second time finds the first.
 */
export function eventToApp(event: ClusterEvent, claim: FollowedClaim): ClusterEvent {
  const { metadata, involvedObject, message, type, reason, action, source } = event;
  const { count, firstTimestamp, lastTimestamp, eventTime, series } = event;
  const { reportingComponent, reportingInstance } = event;
  const digest = hash('sha256', metadata.uid ?? metadata.name).slice(0, 16);
  const { resourceVersion, fieldPath } = involvedObject;
  const note = message === undefined ? undefined : textToApp(message, claim);
  return withoutEmpty({
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `${claim.app.name}.${digest}`, namespace: claim.app.namespace },
    involvedObject: withoutEmpty({ ...appReference(claim), resourceVersion, fieldPath }),
    message: note !== undefined && eventTime ? cut(note) : note,
    type,
    reason,
    action,
    source,
    count,
    firstTimestamp,
    lastTimestamp,
    eventTime,
    series,
    reportingComponent,
    reportingInstance,
  });
}

/** What of an Event changes while it is repeated, as a JSON merge patch. */
export function eventProgress({
  count,
  lastTimestamp,
  series,
  message,
}: ClusterEvent): Partial<ClusterEvent> {
  return withoutEmpty({ count, lastTimestamp, series, message });
}

/**
 * A sentence of the control plane in the user's own names. A stored name counts where it stands alone: the composite
 * resource `claim-<hash>-x7k2p` is called so in either cluster.
 */
export function textToApp(
  text: string,
  { metadata, app, storedSecretName, secretName }: FollowedClaim,
): string {
  const claimNamespace = metadata.namespace ?? '';
  let said = text;
  for (const [stored, own] of [
    [metadata.name, app.name],
    [storedSecretName, secretName],
  ]) {
    if (stored === undefined || own === undefined || stored === own || !said.includes(stored)) continue;
    const place = escape(`${claimNamespace}/`);
    said = said.replace(
      new RegExp(`(?<![a-z0-9.-])(${place})?${escape(stored)}(?![a-z0-9-]|\\.[a-z0-9])`, 'g'),
      (_, placed: string | undefined) => (placed === undefined ? own : `${app.namespace}/${own}`),
    );
  }
  // A namespace is a common word, so it counts only where it is called one.
  return said.replaceAll(`namespace "${claimNamespace}"`, () => `namespace "${app.namespace}"`);
}

function escape(text: string): string {
  return text.replaceAll(/[^a-z0-9-]/g, '\\$&');
}

function cut(note: string): string {
  const bytes = Buffer.from(note);
  if (bytes.length <= maxNoteBytes) return note;
  // A letter that was cut in two is left out.
  return new TextDecoder().decode(bytes.subarray(0, maxNoteBytes), { stream: true });
}

function withoutEmpty<T extends object>(object: T): T {
  return Object.fromEntries(
    Object.entries(object).filter(([, value]) => value !== undefined && value !== null),
  ) as T;
}
