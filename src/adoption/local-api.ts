import type { KubeObject } from '../apimachinery/objects.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import { ConnectorError } from '../base/errors.ts';
import { apiName, type ClaimApi } from '../claim-moves/claim-api.ts';
import { crdPath, resourcePath } from '../clusters/api-paths.ts';
import { absentOrThrow, type KubeClient } from '../clusters/kube-client.ts';
import { listMetadata } from '../clusters/list-metadata.ts';

const definitions = {
  group: 'apiextensions.crossplane.io',
  version: 'v1',
  plural: 'compositeresourcedefinitions',
};
const goneWithinMs = 60_000;

/**
 * Ends an API of the app cluster's own Crossplane, once nothing is left of it: its definition goes, and Crossplane ends both kinds. Throws
 * ConnectorError `in-use` with what is left, and what is to be done about it.
 */
export async function removeLocalApi(
  app: KubeClient,
  api: ClaimApi,
  clock: Clock = systemClock,
): Promise<void> {
  const { group, version, claim, composite } = api;
  const crd = crdPath(apiName(api));
  if (!(await app.get<KubeObject>(crd).catch(absentOrThrow))) return;
  const [claims, composites] = await Promise.all([
    count(app, resourcePath({ group, version, plural: claim.plural })),
    count(app, resourcePath({ group, version, plural: composite.plural })),
  ]);
  if (claims > 0)
    throw inUse(`${claims} claims of ${apiName(api)} are in the app cluster still: adopt or delete them`);
  if (composites > 0)
    throw inUse(
      `${composites} ${composite.kind} without a claim are in the app cluster still, which no connector serves: delete them, or move them by hand`,
    );
  const path = resourcePath(definitions, { name: `${composite.plural}.${group}` });
  const definition = await app.get<KubeObject>(path).catch(absentOrThrow);
  const owner = definition?.metadata.ownerReferences?.find(({ kind }) => kind === 'ConfigurationRevision');
  if (owner)
    throw inUse(
      `the package ${owner.name} would install ${apiName(api)} again: delete its Configuration in the app cluster`,
    );
  if (definition) {
    const { uid, resourceVersion } = definition.metadata;
    await app.delete(path, { preconditions: { uid, resourceVersion } }).catch(absentOrThrow);
  }
  for (const end = clock.now() + goneWithinMs; clock.now() < end; await clock.sleep(200))
    if (!(await app.get<KubeObject>(crd).catch(absentOrThrow))) return;
  throw inUse(
    `the definition of ${apiName(api)} does not go: see that Crossplane runs in the app cluster, which has to end it`,
  );
}

async function count(app: KubeClient, path: string): Promise<number> {
  return (await listMetadata(app, path).catch(absentOrThrow))?.length ?? 0;
}

function inUse(message: string): ConnectorError {
  return new ConnectorError('in-use', message);
}
