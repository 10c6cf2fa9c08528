import type { Edits } from '../apimachinery/json-edit.ts';
import {
  type Bytes,
  type Container,
  isArray,
  isNull,
  isString,
  type Member,
  readString,
} from '../apimachinery/json-scan.ts';
import { field, scanClaim } from './claim-spans.ts';
import { configToApp, isOwn } from './claim-view.ts';
import { editFinalizers, finalizerToControlPlane } from './finalizers.ts';
import {
  appClusterLabel,
  appNameLabel,
  appNamespaceLabel,
  type AppName,
  type Connection,
  connectionSecretAnnotation,
  controlPlaneName,
  type NamePrefix,
  ownerOrderAnnotation,
} from './identity.ts';
import { restoreLastApplied } from './last-applied.ts';
import { restoreManagedFields } from './managed-fields-body.ts';
import { isOwnersOnlyApplier } from './managed-fields-entry.ts';
import type { Live } from './origin.ts';
import { clashingControllers, ownersToAnnotations } from './owner-references.ts';

/** How a body from the app cluster is meant. */
export interface ToControlPlane {
  connection: Connection;
  prefix: NamePrefix;
  app: AppName;
  /**
   * `object`: a whole object or an apply configuration: name, namespace and labels are set where they are missing.
   * `merge-patch`: only what is there is mapped, and null means removal.
   * `patched`: what a patch made of a whole object. What it has taken away stays away, but for the connector's own labels.
   * In the last two, a name or a namespace that is not the object's goes as it is, for the control plane to refuse.
   */
  body: 'object' | 'merge-patch' | 'patched';
  /**
   * The control-plane object a write is about, where there is one. An object of the original connector has no
   * annotation for its secret's name: it shows the stored name, and takes that back as it is.
   */
  live?: Live;
  /** A PUT: what is not in the body is dropped from `live`. */
  replaces?: boolean;
  /** Of the status subresource: its writes leave the spec, and so what stands in annotations for it, as they are. */
  isStatus?: boolean;
  /** A server-side apply. The owners' order is not sent: it would be one field that all who apply owners quarrel about. */
  applies?: boolean;
  /** Who applies. */
  manager?: string;
}

/** By key: of duplicate keys in a body the last one counts. Null asks for removal. */
type Annotations = Map<string, string | null>;

/** Edits a body from the app cluster into what goes to the control plane. The inverse of editToApp. */
export function editToControlPlane(bytes: Bytes, target: ToControlPlane, edits: Edits): void {
  const spans = scanClaim(bytes, bytes.indexOf('{'), bytes.length);
  const { connection, prefix, app } = target;
  const annotations: Annotations = new Map();
  for (const secret of spans.secretNames) {
    const own = readString(bytes, secret.valueStart, secret.end);
    annotations.delete(connectionSecretAnnotation);
    if (own === '' && target.body === 'merge-patch') annotations.set(connectionSecretAnnotation, null);
    if (own === '' || (target.live?.secretName === undefined && own === target.live?.storedSecretName))
      continue;
    const hashed = controlPlaneName(prefix, { namespace: app.namespace, name: own }, connection.clusterID);
    edits.replace(secret.valueStart, secret.end, JSON.stringify(hashed));
    annotations.set(connectionSecretAnnotation, own);
  }
  const lastNull = Math.max(-1, ...[...spans.nullSecrets, ...spans.nullSpec].map(({ start }) => start));
  if (target.body === 'merge-patch' && lastNull > (spans.secretNames.at(-1)?.start ?? -1)) {
    annotations.set(connectionSecretAnnotation, null);
  }
  if (target.isStatus) {
    const stored = target.live?.secretName;
    annotations.delete(connectionSecretAnnotation);
    if (stored !== undefined && target.replaces) annotations.set(connectionSecretAnnotation, stored);
  }
  const metadataMembers = spans.root.members.filter((member) => member.id === 0);
  // Without the connector's labels in it, an apply would take them away; what is patched is refused without metadata.
  const needsMetadata = target.body !== 'patched' || target.applies === true;
  if (metadataMembers.length === 0 && needsMetadata) {
    const text = `"metadata":{${newMetadata(target, annotations)}}`;
    if (text !== '"metadata":{}')
      edits.insert(spans.root.start + 1, text + (spans.root.members.length > 0 ? ',' : ''));
  }
  for (const member of spans.nullMetadata) {
    if (target.body !== 'merge-patch' && needsMetadata && metadataMembers.includes(member)) {
      edits.replace(member.valueStart, member.end, `{${newMetadata(target, annotations)}}`);
    }
  }
  for (const metadata of spans.metadata)
    editMetadataToControlPlane(bytes, metadata, target, annotations, edits);
}

function editMetadataToControlPlane(
  bytes: Bytes,
  metadata: Container,
  target: ToControlPlane,
  extra: Annotations,
  edits: Edits,
): void {
  const { connection, prefix, app } = target;
  let owners: [string, string][] = [];
  const moved: Member[] = [];
  const missing = new Set<number>(addedMetadata[target.body]);
  for (const member of metadata.members) {
    const { valueStart, end } = member;
    if (member.id !== field.ownerReferences) continue;
    const sent = isArray(bytes, valueStart)
      ? ownersToAnnotations(bytes, valueStart, end, target.applies)
      : [];
    const clash = target.applies ? clashOf(bytes.subarray(valueStart, end), target) : undefined;
    if (clash !== undefined) {
      edits.replace(valueStart, end, clash);
      continue;
    }
    if (!sent || !(isArray(bytes, valueStart) || isNull(bytes, valueStart))) continue;
    owners = target.applies ? sent.filter(([key]) => key !== ownerOrderAnnotation) : sent;
    moved.push(member);
  }
  const additions = annotationsText(new Map([...extra, ...owners]));
  let annotated = additions === '';
  for (const member of metadata.members) {
    const { valueStart, end } = member;
    const isMissing = isNull(bytes, valueStart);
    switch (member.id) {
      case field.name:
      case field.namespace:
        missing.delete(member.id);
        if (isOwnName(bytes, member, target)) {
          const value =
            member.id === field.name
              ? controlPlaneName(prefix, app, connection.clusterID)
              : connection.claimNamespace;
          edits.replace(valueStart, end, JSON.stringify(value));
        }
        break;
      case field.uid:
        if (
          (target.body !== 'object' || target.replaces) &&
          target.live &&
          (isMissing || isEmptyText(bytes, valueStart))
        )
          edits.replace(valueStart, end, JSON.stringify(target.live.uid));
        break;
      case field.labels:
        missing.delete(field.labels);
        replaceOwn(bytes, member, edits, target.body === 'merge-patch' ? '' : labelsText(target));
        break;
      case field.annotations:
        replaceOwn(bytes, member, edits, additions);
        if (target.live) restoreLastApplied(bytes, member, target.live, edits, configToApp);
        annotated = true;
        break;
      case field.finalizers:
        editFinalizers(bytes, valueStart, end, edits, finalizerToControlPlane);
        break;
      case field.managedFields:
        if (target.body !== 'merge-patch' && target.live?.managedFields !== undefined) {
          const sent = bytes.toString('utf8', valueStart, end);
          edits.replace(valueStart, end, restoreManagedFields(sent, target.live.managedFields));
        }
        break;
      default:
    }
  }
  const added: string[] = [];
  if (missing.has(field.name))
    added.push(`"name":${JSON.stringify(controlPlaneName(prefix, app, connection.clusterID))}`);
  if (missing.has(field.namespace)) added.push(`"namespace":${JSON.stringify(connection.claimNamespace)}`);
  if (missing.has(field.labels)) added.push(`"labels":{${labelsText(target)}}`);
  if (!annotated) added.push(`"annotations":{${additions}}`);
  if (!metadata.members.some((member) => member.id === field.uid)) added.push(...pin(target));
  const keepsOwners = metadata.members.some(
    (member) => member.id === field.ownerReferences && !moved.includes(member),
  );
  if (!keepsOwners) added.push(...hiddenOwners(target));
  edits.removeListed(metadata.members, (member) => moved.includes(member));
  if (added.length > 0) {
    edits.insert(metadata.start + 1, added.join(',') + (metadata.members.length > moved.length ? ',' : ''));
  }
}

/** What is set where a body lacks it. */
const addedMetadata = {
  object: [field.name, field.namespace, field.labels],
  'merge-patch': [],
  patched: [field.labels],
} as const;

const quote = 0x22;

function isEmptyText(bytes: Bytes, at: number): boolean {
  return isString(bytes, at) && bytes[at + 1] === quote;
}

/** True for a name or a namespace that the control plane's takes the place of. */
function isOwnName(bytes: Bytes, { id, valueStart, end }: Member, { body, app }: ToControlPlane): boolean {
  if (body === 'object') return isString(bytes, valueStart) || isNull(bytes, valueStart);
  if (!isString(bytes, valueStart)) return false;
  return readString(bytes, valueStart, end) === (id === field.name ? app.name : app.namespace);
}

/** Puts `text` in place of the connector's own members of the object that is the member's value (or of null). */
function replaceOwn(bytes: Bytes, member: Member, edits: Edits, text: string): void {
  if (isNull(bytes, member.valueStart)) {
    if (text !== '') edits.replace(member.valueStart, member.end, `{${text}}`);
    return;
  }
  if (!member.inner) return;
  const { members } = member.inner;
  const keepsAny = members.some((inner) => !isOwn(inner));
  if (text !== '') edits.insert(member.valueStart + 1, text + (keepsAny ? ',' : ''));
  edits.removeListed(members, isOwn);
}

function newMetadata(target: ToControlPlane, annotations: Annotations): string {
  const { connection, prefix, app } = target;
  const parts: string[] = [];
  if (target.body === 'object') {
    parts.push(
      `"name":${JSON.stringify(controlPlaneName(prefix, app, connection.clusterID))}`,
      `"namespace":${JSON.stringify(connection.claimNamespace)}`,
    );
  }
  if (target.body !== 'merge-patch') parts.push(`"labels":{${labelsText(target)}}`);
  if (annotations.size > 0) parts.push(`"annotations":{${annotationsText(annotations)}}`);
  parts.push(...pin(target), ...hiddenOwners(target));
  return parts.join(',');
}

/** Controllers of several appliers; each may bring one, and an object has one. */
function clashOf(sent: Bytes, { live, manager = '' }: ToControlPlane): string | undefined {
  if (!live?.appOwners || !isArray(sent, 0)) return undefined;
  const { appOwners, managedFields = '[]' } = live;
  return clashingControllers(sent, appOwners, (uid) => isOwnersOnlyApplier(managedFields, manager, uid));
}

/** The write is meant for the object whose labels were compared, not for one that took its name since. */
function pin({ live }: ToControlPlane): string[] {
  return live ? [`"uid":${JSON.stringify(live.uid)}`] : [];
}

/** The user never saw the owners on the control plane, so a whole object from there would drop them. */
function hiddenOwners({ replaces, live }: ToControlPlane): string[] {
  return replaces && live?.ownerReferences !== undefined ? [`"ownerReferences":${live.ownerReferences}`] : [];
}

function labelsText({ connection, app }: ToControlPlane): string {
  const labels = {
    [appClusterLabel]: connection.clusterID,
    [appNamespaceLabel]: app.namespace,
    [appNameLabel]: app.name,
  };
  return JSON.stringify(labels).slice(1, -1);
}

function annotationsText(annotations: Annotations): string {
  return [...annotations].map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',');
}
