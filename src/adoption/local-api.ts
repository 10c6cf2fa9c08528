import type { APIService, KubeObject } from '../apimachinery/objects.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import { ConnectorError } from '../base/errors.ts';
import { apiName, type ClaimApi } from '../claim-moves/claim-api.ts';
import { apiServicePath, crdPath, resourcePath } from '../clusters/api-paths.ts';
import { absentOrThrow, ApiError, isNotFound, type KubeClient } from '../clusters/kube-client.ts';
import { listMetadata } from '../clusters/list-metadata.ts';
import type { StoredArchive } from './stored-archive.ts';

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

/**
 * The inverse, for an undo after the end: the definition as it was archived, and both kinds served. Throws ConnectorError `served` where a
 * connector has the API, and `not-served` where Crossplane does not make the kinds of the definition.
 */
export async function restoreLocalApi(
  app: KubeClient,
  api: ClaimApi,
  archive: StoredArchive,
  clock: Clock = systemClock,
): Promise<void> {
  await requireNotServed(app, api);
  const { group, version, claim, composite } = api;
  const name = `${composite.plural}.${group}`;
  const path = resourcePath(definitions, { name });
  if (!(await app.get<KubeObject>(path).catch(absentOrThrow))) {
    const archived = archive.find(definitions, { name });
    if (!archived)
      throw new ConnectorError('bad-archive', `the archive has no CompositeResourceDefinition ${name}`);
    const { status: _status, ...definition } = archived;
    await app.create(resourcePath(definitions), definition);
  }
  const kinds = [composite, claim].map(({ plural }) => resourcePath({ group, version, plural }));
  for (const end = clock.now() + goneWithinMs; clock.now() < end; await clock.sleep(200)) {
    const answers = await Promise.all(kinds.map((kind) => isServed(app, kind)));
    if (answers.every(Boolean)) return;
  }
  throw new ConnectorError(
    'not-served',
    `Crossplane of the app cluster does not offer ${apiName(api)} again: see that it runs, and the conditions of CompositeResourceDefinition ${name}`,
  );
}

/** A claim of the app cluster's own cannot be made while requests for it go elsewhere. */
export async function requireNotServed(app: KubeClient, api: ClaimApi): Promise<void> {
  const name = `${api.version}.${api.group}`;
  const service = await app.get<APIService>(apiServicePath(name)).catch(absentOrThrow);
  if (!service?.spec.service) return;
  throw new ConnectorError(
    'served',
    `${apiName(api)} is served by a connector (APIService ${name}): uninstall it with --keep-in-place, or deny this API in its values, then run undo again`,
  );
}

async function isServed(app: KubeClient, path: string): Promise<boolean> {
  try {
    await app.get(path, { query: { limit: '1' } });
    return true;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    // 429 "storage is (re)initializing": the kind has just come.
    if (isNotFound(error) || error.status === 429 || error.status >= 500) return false;
    throw error;
  }
}

async function count(app: KubeClient, path: string): Promise<number> {
  return (await listMetadata(app, path).catch(absentOrThrow))?.length ?? 0;
}

function inUse(message: string): ConnectorError {
  return new ConnectorError('in-use', message);
}
