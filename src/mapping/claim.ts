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
import { editFinalizers, finalizerToApp, finalizerToControlPlane } from './finalizers.ts';
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
import { type Hidden, type Live, type Origin, originOf, readHidden } from './origin.ts';
import { editManagedFieldsToApp, restoreManagedFields } from './managed-fields.ts';
import { ownersFromAnnotations, ownersToAnnotations } from './owner-references.ts';

/** Position after the object, and whose it is; undefined where the labels are missing (bookmarks). */
export interface ToApp {
  end: number;
  origin: Origin | undefined;
}

/** Edits the control-plane object at `at` into what the app cluster sees. */
export function editToApp(bytes: Bytes, at: number, limit: number, edits: Edits): ToApp {
  const spans = scanClaim(bytes, at, limit);
  const hidden = readHidden(bytes, spans);
  const origin = originOf(bytes, spans, hidden);
  if (!origin) return { end: spans.root.end, origin };
  for (const metadata of spans.metadata) editMetadataToApp(bytes, metadata, hidden, origin.app, edits);
  if (origin.secretName !== undefined) {
    for (const secret of spans.secretNames)
      edits.replace(secret.valueStart, secret.end, JSON.stringify(origin.secretName));
  }
  return { end: spans.root.end, origin };
}

function editMetadataToApp(
  bytes: Bytes,
  metadata: Container,
  hidden: Hidden,
  app: AppName,
  edits: Edits,
): void {
  const owners = hidden.annotations.size > 0 ? ownersFromAnnotations(hidden.annotations) : undefined;
  const emptied: Member[] = [];
  let ownersAfter = metadata.start + 1;
  for (const member of metadata.members) {
    const { valueStart, end } = member;
    switch (member.id) {
      case field.name:
        edits.replace(valueStart, end, JSON.stringify(app.name));
        break;
      case field.namespace:
        edits.replace(valueStart, end, JSON.stringify(app.namespace));
        ownersAfter = end;
        break;
      case field.labels:
      case field.annotations:
        if (hideOwn(member, edits)) emptied.push(member);
        break;
      case field.ownerReferences:
        // Owners on the control plane do not exist in the app cluster: its collector would delete the claim.
        emptied.push(member);
        break;
      case field.finalizers:
        editFinalizers(bytes, valueStart, end, edits, finalizerToApp);
        break;
      case field.managedFields:
        if (member.elements) editManagedFieldsToApp(bytes, member.elements, valueStart, end, edits);
        break;
      default:
    }
  }
  if (emptied.length > 0) edits.removeListed(metadata.members, (member) => emptied.includes(member));
  if (owners !== undefined) {
    const isFirst = ownersAfter === metadata.start + 1;
    edits.insert(ownersAfter, isFirst ? `"ownerReferences":${owners},` : `,"ownerReferences":${owners}`);
  }
}

/** Removes the connector's own members of a map; true when there is nothing else in it. */
function hideOwn({ inner }: Member, edits: Edits): boolean {
  if (!inner) return false;
  const own = inner.members.filter(isOwn);
  if (own.length === 0) return false;
  if (own.length === inner.members.length) return true;
  edits.removeListed(inner.members, isOwn);
  return false;
}

function isOwn(member: Member): boolean {
  return member.id >= 0;
}

/** How a body from the app cluster is meant. */
export interface ToControlPlane {
  connection: Connection;
  prefix: NamePrefix;
  app: AppName;
  /**
   * `object`: a whole object or an apply configuration: name, namespace and labels are set where they are missing.
   * `merge-patch`: only what is there is mapped, and null means removal.
   */
  body: 'object' | 'merge-patch';
  /**
   * The control-plane object a write is about, where there is one. An object of the original connector has no
   * annotation for its secret's name: it shows the stored name, and takes that back as it is.
   */
  live?: Live;
  /** A PUT: what is not in the body is dropped from `live`. */
  replaces?: boolean;
  /** A server-side apply. The owners' order is not sent: it would be one field that all who apply owners quarrel about. */
  applies?: boolean;
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
  const metadataMembers = spans.root.members.filter((member) => member.id === 0);
  if (metadataMembers.length === 0) {
    const text = `"metadata":{${newMetadata(target, annotations)}}`;
    if (text !== '"metadata":{}')
      edits.insert(spans.root.start + 1, text + (spans.root.members.length > 0 ? ',' : ''));
  }
  for (const member of spans.nullMetadata) {
    if (target.body === 'object' && metadataMembers.includes(member)) {
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
  const missing =
    target.body === 'object'
      ? new Set<number>([field.name, field.namespace, field.labels])
      : new Set<number>();
  for (const member of metadata.members) {
    const { valueStart, end } = member;
    if (member.id !== field.ownerReferences) continue;
    const sent = isArray(bytes, valueStart) ? ownersToAnnotations(bytes, valueStart, end) : [];
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
        if (isString(bytes, valueStart) || isMissing) {
          const value =
            member.id === field.name
              ? controlPlaneName(prefix, app, connection.clusterID)
              : connection.claimNamespace;
          edits.replace(valueStart, end, JSON.stringify(value));
        }
        break;
      case field.labels:
        missing.delete(field.labels);
        replaceOwn(bytes, member, edits, target.body === 'object' ? labelsText(target) : '');
        break;
      case field.annotations:
        replaceOwn(bytes, member, edits, additions);
        annotated = true;
        break;
      case field.finalizers:
        editFinalizers(bytes, valueStart, end, edits, finalizerToControlPlane);
        break;
      case field.managedFields:
        if (target.body === 'object' && target.live?.managedFields !== undefined) {
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
  added.push(...hiddenOwners(target));
  edits.removeListed(metadata.members, (member) => moved.includes(member));
  if (added.length > 0) {
    edits.insert(metadata.start + 1, added.join(',') + (metadata.members.length > moved.length ? ',' : ''));
  }
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
      `"labels":{${labelsText(target)}}`,
    );
  }
  if (annotations.size > 0) parts.push(`"annotations":{${annotationsText(annotations)}}`);
  parts.push(...pin(target), ...hiddenOwners(target));
  return parts.join(',');
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
