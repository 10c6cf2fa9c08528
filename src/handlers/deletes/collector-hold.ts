import { finalizersFor } from '../../mapping/finalizers.ts';
import { connectorFieldManager } from '../../mapping/identity.ts';
import { ask, type LiveObject, type NamedClaimRequest, thrownRefusal } from '../claim-request.ts';
import type { DeleteOptions } from './delete-options.ts';

/** How an object stands after its finalizers were made to fit a propagation policy. */
export interface Hold {
  resourceVersion: string;
  /** The change took the last finalizer of an object on its way out, which ended it. */
  isEnded: boolean;
}

/**
 * Gives the object the finalizer the app cluster's collector waits for, or takes away what an explicit Background overrules
 * (apiserver/pkg/registry/generic/registry/store.go: deletionFinalizersForGarbageCollection). Undefined when somebody else
 * wrote in between.
 */
export async function holdForCollector(
  request: NamedClaimRequest,
  { bytes, live }: LiveObject,
  options: DeleteOptions,
): Promise<Hold | undefined> {
  const asItIs: Hold = { resourceVersion: live.resourceVersion, isEnded: false };
  const { dryRun, orphanDependents, propagationPolicy } = options;
  if (dryRun || (orphanDependents === undefined && propagationPolicy === undefined)) return asItIs;
  const policy = propagationPolicy ?? (orphanDependents === true ? 'Orphan' : 'Background');
  const { metadata } = JSON.parse(bytes.toString('utf8')) as {
    metadata: { finalizers?: string[]; deletionTimestamp?: string };
  };
  const isEnding = metadata.deletionTimestamp !== undefined;
  const finalizers = finalizersFor(policy, metadata.finalizers ?? [], isEnding);
  if (!finalizers) return asItIs;
  const answer = await ask(request, {
    method: 'PATCH',
    app: request.app,
    query: new URLSearchParams({ fieldManager: connectorFieldManager }),
    type: 'application/merge-patch+json',
    body: Buffer.from(
      JSON.stringify({ metadata: { finalizers, uid: live.uid, resourceVersion: live.resourceVersion } }),
    ),
  });
  if (answer.status === 409 || answer.status === 404) return undefined;
  if (answer.status >= 300) throw await thrownRefusal(request, answer, request.app);
  const { metadata: after } = JSON.parse(answer.body.toString('utf8')) as {
    metadata: { resourceVersion: string };
  };
  return { resourceVersion: after.resourceVersion, isEnded: isEnding && finalizers.length === 0 };
}
