import type { KubeObject, Secret } from '../apimachinery/objects.ts';
import { ConnectorError } from '../base/errors.ts';
import type { ConnectedResource } from '../catalog/connected-resource.ts';
import { isConnected } from '../catalog/resource-patterns.ts';
import { namespacePath, secretPath } from '../clusters/api-paths.ts';
import { absentOrThrow, KubeClient } from '../clusters/kube-client.ts';
import type { Release } from '../controllers/registry/api-service-owner.ts';
import { ChartRelease, type RenderedRelease } from './chart-release.ts';
import type { ChartValues } from './chart-values.ts';
import { type Check, ok, unknown } from './check.ts';
import { type ClaimGroup, rbacGroups, readClaimApis, readClaimGroups } from './claim-apis.ts';
import { appClusterChecks, clusterChecks } from './cluster-checks.ts';
import {
  claimApisCheck,
  claimNamespaceCheck,
  grantRightsCheck,
  serveRightsCheck,
} from './control-plane-checks.ts';
import { openControlPlane } from './control-plane-client.ts';
import { Helm } from './helm.ts';
import type { InstallOptions } from './install.ts';
import { bindingCheck, type Neighbours, readNeighbours } from './neighbour-checks.ts';
import { nameOf } from '../controllers/registry/wanted-api-service.ts';
import { otherInstallation, sameClaimsCheck } from './take-over.ts';

/** What is known before anything is changed. */
export interface Preflight {
  chart: ChartRelease;
  release: Release;
  values: ChartValues;
  /** Values of the chart that the command line decides, and those that it proposes. */
  own: Record<string, unknown>;
  defaults: Record<string, unknown>;
  rendered: RenderedRelease;
  /** Of the administrator, where rights on the control plane are to be made. */
  administrator: KubeClient | undefined;
  grants: ClaimGroup[];
  /** Undefined where the control plane cannot be read from here. */
  neighbours: Neighbours | undefined;
  takeOver: Release | undefined;
}

/** Looks at everything an installation needs, tells each check, and throws ConnectorError `preflight-failed` where one failed. */
export async function examine(
  options: InstallOptions,
  app: KubeClient,
  tell: (check: Check) => void,
  closing: AsyncDisposableStack,
): Promise<Preflight> {
  const faults: Check[] = [];
  const told = (...checks: Check[]): void => {
    for (const check of checks) {
      tell(check);
      if (check.state === 'failed') faults.push(check);
    }
  };
  const stopIfFailed = (): void => {
    if (faults.length === 0) return;
    const subjects = faults.map(({ subject }) => subject).join(', ');
    throw new ConnectorError('preflight-failed', `nothing was done, because of: ${subjects}`);
  };

  const helm = new Helm({
    binary: options.helm,
    namespace: options.namespace,
    kubeconfig: options.kubeconfig,
    context: options.context,
  });
  told(ok('helm', await helm.version()));
  told(...(await clusterChecks('app cluster', app)));
  stopIfFailed();
  told(...(await appClusterChecks(app, options.namespace)));
  stopIfFailed();

  const chart = await ChartRelease.open(helm, options);
  const own = await ownValues(options, app);
  const first = await chart.render(own);
  const { values } = first;
  const release: Release = { releaseName: first.fullname, namespace: options.namespace };
  const { claimNamespace } = values.spaces.controlPlane;

  const way = await openControlPlane(options, values, app);
  if (way instanceof KubeClient) closing.use(way.transport);
  const administrator = options.controlPlaneKubeconfig === undefined ? undefined : (way as KubeClient);
  let resources: ConnectedResource[] | undefined;
  let claimNamespaceUID: string | undefined;
  let grants: ClaimGroup[] = [];
  const reached = way instanceof KubeClient ? await clusterChecks('control plane', way) : [way];
  // Pods may have a way there that this machine has not.
  told(...reached.map((check) => (administrator || check.state !== 'failed' ? check : asUnknown(check))));
  if (way instanceof KubeClient && reached.every(({ state }) => state !== 'failed')) {
    const namespace = await claimNamespaceCheck(way, claimNamespace, administrator !== undefined);
    claimNamespaceUID = namespace.uid;
    told(namespace.check);
    let fault: unknown;
    try {
      const all = await readClaimApis(way);
      resources = all.filter((resource) => isConnected(resource, values.connect));
      if (administrator) grants = connectedGroups(await readClaimGroups(administrator), values);
    } catch (error) {
      fault = error;
    }
    told(claimApisCheck(resources, fault));
    told(
      administrator
        ? await grantRightsCheck(administrator, claimNamespace)
        : await serveRightsCheck(way, claimNamespace, resources ?? []),
    );
  }

  const clusterID = values.clusterID || (await kubeSystemUID(app));
  const wanted = { clusterID, claimNamespace, ...(claimNamespaceUID ? { claimNamespaceUID } : {}) };
  told(await bindingCheck(app, release, wanted, values.rebind));
  let takeOver: Release | undefined;
  let neighbours: Neighbours | undefined;
  if (resources) {
    neighbours = await readNeighbours({ app, release, resources });
    if (options.takeOver) {
      const other = await otherInstallation(app, neighbours.foreign);
      told(other.check);
      takeOver = other.service;
      if (takeOver && way instanceof KubeClient) {
        const named = new Set(neighbours.foreign.map(({ metadata }) => metadata.name));
        const taken = resources.filter((resource) => named.has(nameOf(resource)));
        told(await sameClaimsCheck(app, way, wanted, taken));
      }
      neighbours = await readNeighbours({ app, release, resources, takeOver });
    }
    told(...neighbours.checks);
  }
  told(
    unknown(
      'webhook and API port',
      `whether kube-apiserver reaches the pods on their port is seen when the APIs become Available`,
      'on private clusters let it reach port 10250 of the nodes',
    ),
  );
  stopIfFailed();

  const all = takeOver ? { ...own, takeOver: `${takeOver.namespace}/${takeOver.releaseName}` } : own;
  const defaults = resources && chart.mayDiscoverGroups ? { rbac: { groups: rbacGroups(resources) } } : {};
  const rendered = await chart.render(all, defaults);
  return {
    chart,
    release,
    values: rendered.values,
    own: all,
    defaults,
    rendered,
    administrator,
    grants,
    neighbours,
    takeOver,
  };
}

/** What the arguments say, as values of the chart. */
async function ownValues(options: InstallOptions, app: KubeClient): Promise<Record<string, unknown>> {
  const { controlPlane, claimNamespace, controlPlaneSecret, namespace } = options;
  const [name, group] = controlPlane.split('/').toReversed();
  const secret =
    options.controlPlaneKubeconfig !== undefined
      ? { name: options.kubeconfigSecret, key: 'kubeconfig' }
      : controlPlaneSecret === undefined
        ? undefined
        : { name: controlPlaneSecret, ...(await onlyKey(app, namespace, controlPlaneSecret)) };
  const { token, tokenSecret, account, spaceHost } = options;
  return {
    ...(token === undefined && account === undefined
      ? {}
      : {
          upbound: {
            ...(account === undefined ? {} : { account }),
            ...(token === undefined ? {} : { tokenSecret: { name: tokenSecret, key: 'token' } }),
          },
        }),
    spaces: {
      ...(spaceHost === undefined ? {} : { host: spaceHost }),
      controlPlane: {
        name,
        ...(group === undefined ? {} : { group }),
        claimNamespace,
        ...(secret ? { kubeconfigSecret: secret } : {}),
      },
    },
  };
}

/** A Secret with one key leaves no doubt about which it is. */
async function onlyKey(app: KubeClient, namespace: string, name: string): Promise<{ key?: string }> {
  const secret = await app.get<Secret>(secretPath(namespace, name)).catch(absentOrThrow);
  const keys = Object.keys(secret?.data ?? {});
  return keys.length === 1 ? { key: keys[0] as string } : {};
}

function asUnknown({ subject, message, remedy }: Check): Check {
  return unknown(subject, `${message}, from this machine`, remedy ?? '');
}

/** Without what `connect` leaves out. */
function connectedGroups(groups: readonly ClaimGroup[], { connect }: ChartValues): ClaimGroup[] {
  return groups
    .map((entry) => ({
      ...entry,
      claims: entry.claims.filter((plural) => isConnected({ plural, group: entry.group }, connect)),
    }))
    .filter(({ claims }) => claims.length > 0);
}

async function kubeSystemUID(app: KubeClient): Promise<string> {
  return (await app.get<KubeObject>(namespacePath('kube-system'))).metadata.uid as string;
}
