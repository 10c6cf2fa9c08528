import { Edits } from '../apimachinery/json-edit.ts';
import {
  type Bytes,
  isArray,
  isObject,
  isString,
  KeySet,
  type Member,
  readString,
  scanArray,
  scanObject,
} from '../apimachinery/json-scan.ts';
import type { Status } from '../apimachinery/status.ts';
import { field, scanClaim } from './claim-spans.ts';
import { type AppName, type Connection, controlPlaneName, type NamePrefix } from './identity.ts';

/*
 * autoscaling/v1 Scale, as a CRD's scale subresource has it (apiextensions-apiserver/pkg/registry/customresource/etcd.go):
 * of the object's metadata it shows name, namespace, uid, resourceVersion and creationTimestamp, and no labels. Only the
 * first two differ between the clusters, and whose Scale it is has to be known from the object itself.
 */

/** Whose Scale it is. */
export interface ScaleNames {
  connection: Connection;
  prefix: NamePrefix;
  app: AppName;
}

/** What holds a write to the object whose labels were compared; given where the body says nothing of it. */
export interface ScalePin {
  /** Counts in a PUT only: of a patched Scale the API server reads no uid. */
  uid?: string;
  resourceVersion?: string;
}

/** Edits the Scale (or the metadata of one) at `at` into what the app cluster sees, and gives its uid. */
export function editScaleToApp(
  bytes: Bytes,
  at: number,
  limit: number,
  { app }: ScaleNames,
  edits: Edits,
): string | undefined {
  let uid: string | undefined;
  for (const { id, valueStart, end } of metadataOf(bytes, at, limit)) {
    if (!isString(bytes, valueStart)) continue;
    if (id === field.name) edits.replace(valueStart, end, JSON.stringify(app.name));
    else if (id === field.namespace) edits.replace(valueStart, end, JSON.stringify(app.namespace));
    else if (id === field.uid) uid = readString(bytes, valueStart, end);
  }
  return uid;
}

const tableKeys = new KeySet('rows');
const rowKeys = new KeySet('cells', 'object');

/**
 * Edits the Table of a Scale, whose first cell is the name, and gives the uid of its object. `dropObjects` is for
 * `includeObject=None`: the object was asked for only to know whose row it is.
 */
export function editScaleTableToApp(
  bytes: Bytes,
  names: ScaleNames,
  dropObjects: boolean,
  edits: Edits,
): string | undefined {
  const limit = bytes.length;
  let uid: string | undefined;
  const readRow = (id: number, valueStart: number, member: Member): number => {
    if (id === 0 && isArray(bytes, valueStart)) {
      const { elements, end } = scanArray(bytes, valueStart, limit);
      const [name] = elements;
      if (name && isString(bytes, name.start))
        edits.replace(name.start, name.end, JSON.stringify(names.app.name));
      return end;
    }
    if (id !== 1 || !isObject(bytes, valueStart)) return 0;
    const { end } = scanClaim(bytes, valueStart, limit).root;
    uid = editScaleToApp(bytes, valueStart, limit, names, dropObjects ? new Edits() : edits);
    if (dropObjects) edits.replace(member.valueStart, end, 'null');
    return end;
  };
  scanObject(bytes, bytes.indexOf('{'), limit, tableKeys, (_id, valueStart) => {
    if (!isArray(bytes, valueStart)) return 0;
    const { elements, end } = scanArray(bytes, valueStart, limit);
    for (const { start } of elements) scanObject(bytes, start, limit, rowKeys, readRow);
    return end;
  });
  return uid;
}

/**
 * Edits a Scale, a merge patch or an apply configuration of one into what goes to the control plane. A name that is not
 * the object's own stays, for the API server to refuse; the hashed name, which only it knows, must not pass for it.
 */
export function editScaleToControlPlane(bytes: Bytes, names: ScaleNames, pin: ScalePin, edits: Edits): void {
  const { connection, prefix, app } = names;
  const hashed = controlPlaneName(prefix, app, connection.clusterID);
  const { root, metadata } = scanClaim(bytes, bytes.indexOf('{'), bytes.length);
  for (const { members } of metadata) {
    swap(bytes, members, field.name, [app.name, hashed], edits);
    swap(bytes, members, field.namespace, [app.namespace, connection.claimNamespace], edits);
  }
  const has = (id: number): boolean =>
    metadata.some(({ members }) => members.some((member) => member.id === id));
  const added = {
    ...(pin.uid !== undefined && !has(field.uid) ? { uid: pin.uid } : {}),
    ...(pin.resourceVersion !== undefined && !has(field.resourceVersion)
      ? { resourceVersion: pin.resourceVersion }
      : {}),
  };
  const text = JSON.stringify(added).slice(1, -1);
  if (text === '') return;
  // The last of several counts.
  const last = metadata.at(-1);
  if (last) edits.insert(last.start + 1, text + (last.members.length > 0 ? ',' : ''));
  else edits.insert(root.start + 1, `"metadata":{${text}}${root.members.length > 0 ? ',' : ''}`);
}

/**
 * A refusal that was put into the user's name already, with the namespace where only those about a Scale have it: in the
 * patched Scale that cannot be decoded, and in the storage key of one with another uid.
 */
export function scaleRefusalToApp(status: Status, { connection, app }: ScaleNames): Status {
  const { message, details } = status;
  const say = (text: string): string =>
    text
      .replaceAll(
        String.raw`\"namespace\":\"${connection.claimNamespace}\"`,
        () => String.raw`\"namespace\":\"${app.namespace}\"`,
      )
      .replaceAll(`/${connection.claimNamespace}/${app.name}`, () => `/${app.namespace}/${app.name}`);
  const causes = details?.causes?.map((cause) =>
    cause.message === undefined ? cause : { ...cause, message: say(cause.message) },
  );
  return {
    ...status,
    ...(message === undefined ? {} : { message: say(message) }),
    ...(details && causes ? { details: { ...details, causes } } : {}),
  };
}

function metadataOf(bytes: Bytes, at: number, limit: number): Member[] {
  return scanClaim(bytes, at, limit).metadata.flatMap(({ members }) => members);
}

function swap(
  bytes: Bytes,
  members: readonly Member[],
  id: number,
  [own, stored]: readonly [own: string, stored: string],
  edits: Edits,
): void {
  for (const member of members) {
    if (member.id !== id || !isString(bytes, member.valueStart)) continue;
    const value = readString(bytes, member.valueStart, member.end);
    if (value === own) edits.replace(member.valueStart, member.end, JSON.stringify(stored));
    else if (value === stored) edits.replace(member.valueStart, member.end, JSON.stringify(own));
  }
}
