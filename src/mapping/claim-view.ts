import { Edits } from '../apimachinery/json-edit.ts';
import type { Bytes, Container, Member } from '../apimachinery/json-scan.ts';
import { field, scanClaim } from './claim-spans.ts';
import { editFinalizers, finalizerToApp } from './finalizers.ts';
import { editLastApplied } from './last-applied.ts';
import { editManagedFieldsToApp } from './managed-fields-view.ts';
import { type Hidden, type Origin, originOf, readHidden } from './origin.ts';
import { ownersFromAnnotations } from './owner-references.ts';

/** Position after the object, and whose it is; undefined where the labels are missing (bookmarks). */
export interface ToApp {
  end: number;
  origin: Origin | undefined;
}

/** Edits the control-plane object at `at` into what the app cluster sees. `known` is whose it is where no labels say so. */
export function editToApp(bytes: Bytes, at: number, limit: number, edits: Edits, known?: Origin): ToApp {
  const spans = scanClaim(bytes, at, limit);
  const hidden = readHidden(bytes, spans);
  const origin = originOf(bytes, spans, hidden) ?? known;
  if (!origin) return { end: spans.root.end, origin };
  for (const metadata of spans.metadata) editMetadataToApp(bytes, metadata, hidden, origin, edits);
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
  origin: Origin,
  edits: Edits,
): void {
  const { app } = origin;
  // PartialObjectMetadata is printed in the order of its Go type, an object of a CRD by its keys.
  const isTyped = metadata.members[0]?.id === field.name;
  const owners = hidden.annotations.size > 0 ? ownersFromAnnotations(hidden.annotations, isTyped) : undefined;
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
        if (hideOwn(member, edits)) emptied.push(member);
        break;
      case field.annotations:
        if (hideOwn(member, edits)) emptied.push(member);
        else editLastApplied(bytes, member, metadata, origin, edits, configToApp);
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
    const isBeforeOwners = member.id !== field.finalizers && member.id !== field.managedFields;
    if (isTyped && isBeforeOwners && emptied.at(-1) !== member) ownersAfter = end;
  }
  if (emptied.length > 0) edits.removeListed(metadata.members, (member) => emptied.includes(member));
  if (owners !== undefined) {
    const isFirst = ownersAfter === metadata.start + 1;
    edits.insert(ownersAfter, isFirst ? `"ownerReferences":${owners},` : `,"ownerReferences":${owners}`);
  }
}

/** An apply configuration that went to the control plane, as the app cluster wrote it. */
export function configToApp(config: Buffer, origin: Origin): Buffer {
  const edits = new Edits();
  editToApp(config, 0, config.length, edits, origin);
  return edits.apply(config);
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

/** True for a label or an annotation of the connector's own. */
export function isOwn(member: Member): boolean {
  return member.id >= 0;
}
