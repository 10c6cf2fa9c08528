import type { KubeObject, OwnerReference } from '../apimachinery/objects.ts';
import { absentOrThrow, isConflict, isNotFound, type KubeClient, metadataAccept } from './kube-client.ts';

const attempts = 5;

/**
 * Changes the owners of an object as it is now, again where somebody else was faster. `change` only adds or only takes away: the same
 * number means the same owners, and nothing is written then; `annotations` are set with it. An object that is gone is left gone.
 */
export async function changeOwners(
  client: KubeClient,
  path: string,
  fieldManager: string,
  change: (owners: OwnerReference[]) => OwnerReference[],
  annotations: Record<string, string> = {},
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const object = await client.get<KubeObject>(path, { accept: metadataAccept }).catch(absentOrThrow);
    const { ownerReferences: owners = [], resourceVersion } = object?.metadata ?? {};
    if (!object) return;
    const ownerReferences = change(owners);
    if (ownerReferences.length === owners.length) return;
    try {
      await client.patch(
        path,
        { metadata: { resourceVersion, ownerReferences, annotations } },
        { query: { fieldManager } },
      );
      return;
    } catch (error) {
      if (isNotFound(error)) return;
      if (!isConflict(error) || attempt === attempts) throw error;
    }
  }
}
