import type { APIService, KubeObject } from '../apimachinery/objects.ts';
import { describeError } from '../base/errors.ts';
import { productVersion } from '../base/version.ts';
import { firstVersions, groupVersionsOf, kindKey } from '../catalog/connected-resource.ts';
import { apiServicePath } from '../clusters/api-paths.ts';
import type { ApiConflict } from '../clusters/connection-state.ts';
import { absentOrThrow, type KubeClient } from '../clusters/kube-client.ts';
import { readServerFacts } from '../clusters/server-facts.ts';
import { nameOf } from '../controllers/registry/wanted-api-service.ts';
import type { Connection } from './connection.ts';
import { type Expiry, readExpiries } from './credentials.ts';
import { listMetadata } from '../clusters/list-metadata.ts';
import { stateOf } from './registered-wait.ts';

/** What `mcp-connector status` prints. */
export interface Status {
  controlPlane: string;
  claimNamespace: string;
  clusterID: string;
  /** RFC 3339. */
  connectedSince: string | undefined;
  /** Undefined where the connector runs outside of the cluster. */
  pods: { ready: number; wanted: number } | undefined;
  versions: { cli: string; connector: string; appCluster: string; controlPlane: string; crossplane: string };
  apis: ApiStatus[];
  conflicts: ApiConflict[];
  credentials: Expiry[];
}

export interface ApiStatus {
  /** `<plural>.<group>` */
  resource: string;
  versions: string[];
  available: boolean;
  /** Why it is not; left out while it is. */
  reason: string | undefined;
  /** RFC 3339: since when it is as it is. */
  since: string | undefined;
  /** In all namespaces; left out where they cannot be counted. */
  claims: number | undefined;
}

/** `controlPlane` is undefined where it cannot be opened from here. */
export async function readStatus(
  app: KubeClient,
  connection: Connection,
  controlPlane: KubeClient | undefined,
  isExchanged: boolean,
): Promise<Status> {
  const { binding, since, conflicts, deployment, release } = connection;
  return {
    controlPlane: controlPlane?.transport.access.server.href ?? 'unknown',
    claimNamespace: binding.claimNamespace,
    clusterID: binding.clusterID,
    connectedSince: since,
    pods: deployment && { ready: deployment.readyReplicas, wanted: deployment.replicas },
    versions: {
      cli: productVersion(),
      connector: deployment?.version || 'unknown',
      appCluster: await versionOf(app),
      controlPlane: await versionOf(controlPlane),
      crossplane: await crossplaneVersion(controlPlane),
    },
    apis: await apisOf(app, connection),
    conflicts,
    credentials: await readExpiries(app, release, controlPlane?.transport.access, isExchanged),
  };
}

async function apisOf(app: KubeClient, { resources, release }: Connection): Promise<ApiStatus[]> {
  const groupVersions = groupVersionsOf(resources);
  const states = new Map(
    await Promise.all(
      groupVersions.map(async (groupVersion) => {
        const name = nameOf(groupVersion);
        const service = await app.get<APIService>(apiServicePath(name)).catch(absentOrThrow);
        return [name, { ...stateOf(service, release, groupVersion), since: sinceOf(service) }] as const;
      }),
    ),
  );
  const kinds = firstVersions(groupVersions.flatMap((groupVersion) => groupVersion.resources));
  return await Promise.all(
    kinds.map(async (first): Promise<ApiStatus> => {
      const all = resources.filter((other) => kindKey(other) === kindKey(first));
      const own = all.map((resource) => states.get(nameOf(resource)));
      const fault = own.find((state) => state && !state.isAvailable);
      return {
        resource: kindKey(first),
        versions: all.map(({ version }) => version),
        available: fault === undefined,
        reason: fault?.reason,
        since: (fault ?? own[0])?.since,
        claims: await countClaims(app, `/apis/${first.group}/${first.version}/${first.plural}`),
      };
    }),
  );
}

function sinceOf(service: APIService | undefined): string | undefined {
  const condition = service?.status?.conditions?.find(({ type }) => type === 'Available') as
    | { lastTransitionTime?: string }
    | undefined;
  return condition?.lastTransitionTime;
}

/** As the user of the command sees them; undefined where that one may not, or the data is refused. */
async function countClaims(app: KubeClient, path: string): Promise<number | undefined> {
  try {
    return (await listMetadata(app, path)).length;
  } catch {
    return undefined;
  }
}

async function versionOf(client: KubeClient | undefined): Promise<string> {
  if (!client) return 'unknown';
  try {
    return (await readServerFacts(client.transport)).version;
  } catch (error) {
    return `unknown (${describeError(error)})`;
  }
}

/** Of its Deployment, else as far as its APIs tell: v2 came with Crossplane 2. */
async function crossplaneVersion(controlPlane: KubeClient | undefined): Promise<string> {
  if (!controlPlane) return 'unknown';
  try {
    const path = '/apis/apps/v1/namespaces/crossplane-system/deployments/crossplane';
    const { metadata } = await controlPlane.get<KubeObject>(path);
    const version = metadata.labels?.['app.kubernetes.io/version'];
    if (version !== undefined) return version;
  } catch {
    // Most connectors may not read that.
  }
  try {
    const { versions } = await controlPlane.get<{ versions: { version: string }[] }>(
      '/apis/apiextensions.crossplane.io',
    );
    return versions.some(({ version }) => version === 'v2') ? '2.x' : '1.x';
  } catch {
    return 'unknown';
  }
}
