import type { KubeList, KubeObject } from '../apimachinery/objects.ts';
import { type KubeClient, metadataListAccept } from '../clusters/kube-client.ts';

const pageSize = '500';

/** The metadata of all objects of a collection, page by page. */
export async function listMetadata(
  client: KubeClient,
  path: string,
  labelSelector?: string,
): Promise<KubeObject[]> {
  const all: KubeObject[] = [];
  let page: string | undefined;
  do {
    const list = await client.get<KubeList<KubeObject>>(path, {
      accept: metadataListAccept,
      query: {
        limit: pageSize,
        ...(labelSelector === undefined ? {} : { labelSelector }),
        ...(page ? { continue: page } : {}),
      },
    });
    // Go prints an empty list of metadata as null.
    all.push(...((list.items as KubeObject[] | null) ?? []));
    page = list.metadata.continue || undefined;
  } while (page);
  return all;
}
