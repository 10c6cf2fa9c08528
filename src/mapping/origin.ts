import { type Bytes, readString } from '../apimachinery/json-scan.ts';
import { type ClaimSpans, field, scanClaim } from './claim-spans.ts';
import { findLastApplied } from './last-applied.ts';
import { ownersFromAnnotations } from './owner-references.ts';
import { type AppName, connectionSecretAnnotation } from './identity.ts';

/** What the hidden labels and annotations of a control-plane object say. */
export interface Origin {
  clusterID: string;
  app: AppName;
  /** The user's own secret name; undefined without a reference, or for objects of the original connector. */
  secretName: string | undefined;
  /** What stands in `spec.writeConnectionSecretToRef.name` on the control plane. */
  storedSecretName: string | undefined;
}

/** A control-plane object as a write needs to know it. */
export interface Live extends Origin {
  uid: string;
  resourceVersion: string;
  /** JSON texts, for what a PUT has to give back; undefined where the object has none. */
  ownerReferences: string | undefined;
  managedFields: string | undefined;
  /** The owners in the app cluster, as a JSON array; undefined where there are none. */
  appOwners: string | undefined;
  /** The annotation that the API server keeps for kubectl, where it speaks of the control plane's object. */
  lastApplied: string | undefined;
}

/** Reads an answer of the control plane before a write; undefined where it is not an object of an app cluster. */
export function readLive(bytes: Bytes): Live | undefined {
  const spans = scanClaim(bytes, 0, bytes.length);
  const hidden = readHidden(bytes, spans);
  const origin = originOf(bytes, spans, hidden);
  if (!origin) return undefined;
  const members = spans.metadata.flatMap((metadata) => metadata.members);
  const text = (id: number): string | undefined => {
    const member = members.find((candidate) => candidate.id === id);
    return member && bytes.toString('utf8', member.valueStart, member.end);
  };
  return {
    ...origin,
    uid: JSON.parse(text(field.uid) ?? '""') as string,
    resourceVersion: JSON.parse(text(field.resourceVersion) ?? '""') as string,
    ownerReferences: text(field.ownerReferences),
    managedFields: text(field.managedFields),
    appOwners: ownersFromAnnotations(hidden.annotations),
    lastApplied: storedLastApplied(bytes, spans),
  };
}

function storedLastApplied(bytes: Bytes, { metadata }: ClaimSpans): string | undefined {
  for (const container of metadata) {
    const annotations = container.members.find(({ id }) => id === field.annotations);
    const member = annotations && findLastApplied(bytes, annotations, container);
    if (member) return readString(bytes, member.valueStart, member.end);
  }
  return undefined;
}

/** The connector's own labels (cluster ID, namespace, name) and annotations of one object. */
export interface Hidden {
  labels: (string | undefined)[];
  annotations: Map<string, string>;
}

export function originOf(
  bytes: Bytes,
  spans: ClaimSpans,
  { labels, annotations }: Hidden,
): Origin | undefined {
  const [clusterID, namespace, name] = labels;
  if (clusterID === undefined || namespace === undefined || name === undefined) return undefined;
  const secret = spans.secretNames.at(-1);
  return {
    clusterID,
    app: { namespace, name },
    secretName: annotations.get(connectionSecretAnnotation),
    storedSecretName: secret ? readString(bytes, secret.valueStart, secret.end) : undefined,
  };
}

export function readHidden(bytes: Bytes, spans: ClaimSpans): Hidden {
  const labels: (string | undefined)[] = [undefined, undefined, undefined];
  const annotations = new Map<string, string>();
  for (const metadata of spans.metadata) {
    for (const { id, inner } of metadata.members) {
      for (const own of inner?.members ?? []) {
        if (own.id < 0) continue;
        const value = readString(bytes, own.valueStart, own.end);
        if (id === field.labels) labels[own.id] = value;
        else annotations.set(readString(bytes, own.start, own.keyEnd), value);
      }
    }
  }
  return { labels, annotations };
}
