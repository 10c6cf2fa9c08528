import type { APIService, KubeList, KubeObject } from '../apimachinery/objects.ts';
import { ConnectorError } from '../base/errors.ts';
import type { CatalogSource } from '../catalog/catalog.ts';
import type { ConnectedResource } from '../catalog/connected-resource.ts';
import { parseOpenApi } from '../catalog/openapi-document.ts';
import { apiServicePath, clusterRolePath, resourcePath } from '../clusters/api-paths.ts';
import { type Binding, ConnectionState, type Uninstall } from '../clusters/connection-state.ts';
import { absentOrThrow, type KubeClient } from '../clusters/kube-client.ts';
import { flagsOf } from '../connecting/connection.ts';
import { isOurs, type Release } from '../controllers/registry/api-service-owner.ts';

/** What there is of a connector in the app cluster. Any part of it may be missing, after a run that was cut off. */
export interface Installation {
  release: Release;
  state: ConnectionState;
  /** Undefined where it was never connected, or all of that is removed already. */
  binding: Binding | undefined;
  resources: readonly ConnectedResource[];
  /** Those that are the release's own. */
  apiServices: readonly APIService[];
  /** Flags of its pods, as commander names them; empty where there is no Deployment. */
  flags: Readonly<Record<string, string | boolean>>;
  /** Selects what the chart has made, and its pods. */
  labelSelector: string;
  /** Of Helm, where that made it. */
  helmRelease: string | undefined;
  hasChart: boolean;
  uninstall: Uninstall | undefined;
}

interface Deployment extends KubeObject {
  spec: { template: { spec: { containers: { args?: string[] }[] } } };
}

export const deployments = { group: 'apps', version: 'v1', plural: 'deployments' };

/** Throws ConnectorError `not-installed` where there is nothing at all. */
export async function findInstallation(app: KubeClient, release: Release): Promise<Installation> {
  const { releaseName: name, namespace } = release;
  const state = new ConnectionState(app, namespace, `${name}-state`);
  const [binding, catalog, uninstall, services, deployment, clusterRole] = await Promise.all([
    state.readBinding(),
    state.readCatalog(),
    state.readUninstall(),
    app.get<KubeList<APIService>>(apiServicePath()),
    app.get<Deployment>(resourcePath(deployments, { namespace, name })).catch(absentOrThrow),
    app.get<KubeObject>(clusterRolePath(name)).catch(absentOrThrow),
  ]);
  const apiServices = services.items.filter((service) => isOurs(service, release));
  const hasChart = deployment !== undefined || clusterRole !== undefined;
  if (!binding && !uninstall && apiServices.length === 0 && !hasChart)
    throw new ConnectorError(
      'not-installed',
      `there is no connector ${name} in namespace ${namespace}: name it with --release-name and --installation-namespace`,
    );
  const { annotations, labels } = (deployment ?? clusterRole)?.metadata ?? {};
  const helmRelease = annotations?.['meta.helm.sh/release-name'] ?? uninstall?.helmRelease;
  // Not always the chart's name and that of its objects: nameOverride and fullnameOverride make others.
  const product = labels?.['app.kubernetes.io/name'] ?? 'mcp-connector';
  const instance = labels?.['app.kubernetes.io/instance'] ?? helmRelease ?? name;
  return {
    release,
    state,
    binding,
    resources: catalog === undefined ? [] : (parseOpenApi(catalog) as unknown as CatalogSource).resources,
    apiServices,
    flags: flagsOf(deployment?.spec.template.spec.containers[0]?.args ?? []),
    labelSelector: `app.kubernetes.io/name=${product},app.kubernetes.io/instance=${instance}`,
    helmRelease,
    hasChart,
    uninstall,
  };
}
