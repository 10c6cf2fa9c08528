import { Buffer } from 'node:buffer';
import { apiVersionOf } from '../claim-moves/claim-api.ts';
import {
  claimNameLabel,
  claimNamespaceLabel,
  inUseLabel,
  isPaused,
  pausedAnnotation,
} from '../claim-moves/claim-object.ts';
import {
  adoptedFromAnnotation,
  adoptionPauseAnnotation,
  annotationPrefix,
  appClusterLabel,
  appNameLabel,
  appNamespaceLabel,
  connectionSecretAnnotation,
} from '../mapping/identity.ts';
import { ownersToAnnotations } from '../mapping/owner-references.ts';
import type { AdoptionRecord } from './ledger.ts';
import { type AdoptedObject, apiVersionOfMember, type Member } from './member.ts';
import { type AdoptionPause, adoptionPauseOf } from './pause.ts';

const leftLabels = new Set([inUseLabel]);
const leftAnnotations = new Set(['usage.crossplane.io/deletion-attempt-with-policy']);

/**
 * The object as it is to lie on the control plane: spec, status and metadata as they stand, names of the claim as the connector
 * has them, and paused from its first moment. Without a finalizer, so that it can be taken back as if it had never been,
 * and without an owner, whose uid is not known yet.
 */
export function copyOf(object: AdoptedObject, member: Member, record: AdoptionRecord): AdoptedObject {
  const { metadata, apiVersion: _apiVersion, kind: _kind, ...content } = object;
  const copy: AdoptedObject = {
    ...content,
    apiVersion: apiVersionOfMember(member),
    kind: member.resource.kind,
    metadata: {
      ...member.to,
      labels: {
        ...withoutKeys(metadata.labels, (key) => leftLabels.has(key)),
        ...labelsFor(member, object, record),
      },
      annotations: {
        ...withoutKeys(
          metadata.annotations,
          (key) => leftAnnotations.has(key) || key.startsWith(annotationPrefix),
        ),
        [pausedAnnotation]: 'true',
        [adoptionPauseAnnotation]: markOf(object),
        [adoptedFromAnnotation]: member.from.uid,
      },
    },
  };
  if (member.role === 'claim') return claimCopy(copy, object, record);
  if (content.spec?.['claimRef'] === undefined) return copy;
  return { ...copy, spec: { ...content.spec, claimRef: claimRefOf(record) } };
}

function claimCopy(copy: AdoptedObject, object: AdoptedObject, record: AdoptionRecord): AdoptedObject {
  const { spec, metadata } = copy;
  const secret = record.secrets.find(({ of }) => of === 0);
  const owners = JSON.stringify(object.metadata.ownerReferences ?? []);
  const bytes = Buffer.from(owners);
  const annotations = {
    ...metadata.annotations,
    ...Object.fromEntries(ownersToAnnotations(bytes, 0, bytes.length) ?? []),
    ...(secret ? { [connectionSecretAnnotation]: secret.from.name } : {}),
  };
  return {
    ...copy,
    metadata: { ...metadata, annotations },
    ...(spec && secret ? { spec: { ...spec, writeConnectionSecretToRef: { name: secret.to.name } } } : {}),
  };
}

/** The connector finds a claim by its labels; Crossplane gives the others to all that it composes. */
function labelsFor(
  member: Member,
  object: AdoptedObject,
  { members, clusterID }: AdoptionRecord,
): Record<string, string> {
  const { from, to } = members[0] as Member;
  if (member.role === 'claim')
    return {
      [appClusterLabel]: clusterID,
      [appNamespaceLabel]: from.namespace ?? '',
      [appNameLabel]: from.name,
    };
  if (object.metadata.labels?.[claimNameLabel] === undefined) return {};
  return { [claimNameLabel]: to.name, [claimNamespaceLabel]: to.namespace ?? '' };
}

export function claimRefOf({ api, members }: AdoptionRecord): Record<string, string> {
  const { namespace = '', name } = (members[0] as Member).to;
  return { apiVersion: apiVersionOf(api), kind: api.claim.kind, namespace, name };
}

/** Whoever had paused it wants it to stay so. */
function markOf(object: AdoptedObject): AdoptionPause {
  const mark = adoptionPauseOf(object);
  return mark === 'before' || (mark === undefined && isPaused(object)) ? 'copy-before' : 'copy';
}

function withoutKeys(
  values: Record<string, string> | undefined,
  isLeft: (key: string) => boolean,
): Record<string, string> {
  return Object.fromEntries(Object.entries(values ?? {}).filter(([key]) => !isLeft(key)));
}
