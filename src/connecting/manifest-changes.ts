import { loadAll } from 'js-yaml';
import type { KubeObject } from '../apimachinery/objects.ts';

export interface ManifestChanges {
  /** `deployment/mcp-connector`, sorted. */
  added: string[];
  changed: string[];
  removed: string[];
}

/** What an upgrade changes, object by object. Never their contents: there may be Secrets among them. */
export function manifestChanges(before: string, after: string): ManifestChanges {
  const [old, next] = [objectsOf(before), objectsOf(after)];
  const names = [...new Set([...old.keys(), ...next.keys()])].toSorted();
  return {
    added: names.filter((name) => !old.has(name)),
    changed: names.filter((name) => old.has(name) && next.has(name) && old.get(name) !== next.get(name)),
    removed: names.filter((name) => !next.has(name)),
  };
}

export function hasChanges({ added, changed, removed }: ManifestChanges): boolean {
  return added.length + changed.length + removed.length > 0;
}

/** The objects of a manifest by kind and name. */
export function parseManifest(manifest: string): KubeObject[] {
  return (loadAll(manifest) as (KubeObject | null | undefined)[]).filter(
    (object) => object !== null && object !== undefined,
  );
}

function objectsOf(manifest: string): Map<string, string> {
  return new Map(
    parseManifest(manifest).map((object) => {
      const { kind = '', metadata } = object;
      const where = metadata.namespace === undefined ? '' : ` in ${metadata.namespace}`;
      return [`${kind.toLowerCase()}/${metadata.name}${where}`, JSON.stringify(object)];
    }),
  );
}
