import type { KubeList, KubeObject } from '../apimachinery/objects.ts';
import { type KubeClient, metadataListAccept } from './kube-client.ts';

/** Metadata of all objects below a path, in pages. */
export async function listMetadata(
  client: KubeClient,
  path: string,
  query: Record<string, string> = {},
): Promise<KubeObject[]> {
  const all: KubeObject[] = [];
  let page: string | undefined;
  do {
    const list = await client.get<KubeList<KubeObject>>(path, {
      query: { ...query, limit: '500', ...(page ? { continue: page } : {}) },
      accept: metadataListAccept,
      timeoutMs: 60_000,
    });
    // Go prints an empty list of this type as null.
    all.push(...(list.items ?? []));
    page = list.metadata.continue;
  } while (page);
  return all;
}
