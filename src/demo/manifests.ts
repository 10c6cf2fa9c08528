import { loadAll } from 'js-yaml';
import type { KubeObject } from '../apimachinery/objects.ts';
import type { KubeClient } from '../clusters/kube-client.ts';

interface ApiResource {
  name: string;
  kind: string;
  namespaced: boolean;
}

/** The objects in a YAML text of several documents, empty ones left out. Only for the project's own files and Crossplane's. */
export function parseManifests(text: string): KubeObject[] {
  return loadAll(text).filter((document) => document !== null && document !== undefined) as KubeObject[];
}

/** Server-side apply of each object in turn; the resource of a kind is looked up by discovery. */
export async function applyManifests(client: KubeClient, objects: readonly KubeObject[]): Promise<void> {
  for (const object of objects) await client.apply(await objectPath(client, object), object);
}

async function objectPath(client: KubeClient, object: KubeObject): Promise<string> {
  const { apiVersion = '', kind = '', metadata } = object;
  const base = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const { resources } = await client.get<{ resources: ApiResource[] }>(base);
  const resource = resources.find((candidate) => candidate.kind === kind && !candidate.name.includes('/'));
  if (!resource) throw new Error(`${apiVersion} serves no resource of kind ${kind}`);
  const scope = resource.namespaced ? `/namespaces/${metadata.namespace ?? 'default'}` : '';
  return `${base}${scope}/${resource.name}/${metadata.name}`;
}
