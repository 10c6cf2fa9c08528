import type { Status } from '../apimachinery/status.ts';
import { finalizerToApp } from './finalizers.ts';
import {
  type AppName,
  type Connection,
  controlPlaneName,
  foregroundFinalizer,
  type NamePrefix,
  orphanFinalizer,
} from './identity.ts';

/** Whose names an answer may speak of. */
export interface StatusNames {
  connection: Connection;
  prefix: NamePrefix;
  namespace: string | undefined;
  name: string | undefined;
  /** The user's secret name, where the request named one. */
  secretName?: string | undefined;
}

/**
 * A Status of the control plane in the words of the app cluster: the user's own name and namespace wherever the
 * hashed ones stand. Numbers of a Status are codes and seconds, so it may be printed anew.
 */
export function statusToApp(status: Status, names: StatusNames): Status {
  const words = replacements(names);
  const say = (text: string): string =>
    words.reduce((said, [stored, own]) => said.replaceAll(stored, () => own), text);
  const mapped = { ...status };
  if (typeof mapped.message === 'string') mapped.message = say(mapped.message);
  if (mapped.details) {
    mapped.details = { ...mapped.details };
    if (typeof mapped.details.name === 'string') mapped.details.name = say(mapped.details.name);
    if (Array.isArray(mapped.details.causes)) {
      mapped.details.causes = mapped.details.causes.map((cause) =>
        typeof cause.message === 'string' ? { ...cause, message: say(cause.message) } : cause,
      );
    }
  }
  return mapped;
}

function replacements({ connection, prefix, namespace, name, secretName }: StatusNames): [string, string][] {
  const words: [string, string][] = [orphanFinalizer, foregroundFinalizer].map((own) => [
    own,
    finalizerToApp(own),
  ]);
  if (namespace === undefined) return words;
  for (const own of [name, secretName]) {
    if (!own) continue;
    const app: AppName = { namespace, name: own };
    words.push([controlPlaneName(prefix, app, connection.clusterID), own]);
  }
  // What cannot be typed is named as `(namespace/name; `, with the namespace the configuration has (managedfields/internal).
  words.push([`(${connection.claimNamespace}/`, `(${namespace}/`]);
  words.push([`namespace "${connection.claimNamespace}"`, `namespace "${namespace}"`]);
  // A failed precondition names the object by its key in etcd (apiserver/pkg/storage/errors.go).
  if (name) words.push([`/${connection.claimNamespace}/${name},`, `/${namespace}/${name},`]);
  return words;
}
