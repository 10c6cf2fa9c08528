import type { KubeObject } from '../apimachinery/objects.ts';
import { ConnectorError } from '../base/errors.ts';
import type { CatalogSource } from '../catalog/catalog.ts';
import type { ConnectedResource } from '../catalog/connected-resource.ts';
import { parseOpenApi } from '../catalog/openapi-document.ts';
import { configMapPath } from '../clusters/api-paths.ts';
import { type ApiConflict, type Binding, ConnectionState } from '../clusters/connection-state.ts';
import { absentOrThrow, type KubeClient } from '../clusters/kube-client.ts';
import type { Release } from '../controllers/registry/api-service-owner.ts';

/** A connection as it is recorded in the app cluster. */
export interface Connection {
  release: Release;
  binding: Binding;
  /** RFC 3339: when this cluster was connected first. */
  since: string | undefined;
  resources: ConnectedResource[];
  conflicts: ApiConflict[];
  /** Undefined where the connector runs outside of the cluster. */
  deployment: ConnectorDeployment | undefined;
}

/** The Deployment of the chart, as far as it tells how the connector is set up. */
export interface ConnectorDeployment {
  /** Of the image's label; empty where nobody said. */
  version: string;
  replicas: number;
  readyReplicas: number;
  /** Flags of `serve`, `--name=value` or `--name`. */
  args: string[];
}

interface DeploymentObject extends KubeObject {
  spec: { replicas?: number; template: { spec: { containers: { args?: string[] }[] } } };
  status?: { readyReplicas?: number };
}

/** Throws ConnectorError `never-connected` where the release was never connected to anything. */
export async function readConnection(app: KubeClient, release: Release): Promise<Connection> {
  const { namespace, releaseName } = release;
  const state = new ConnectionState(app, namespace, `${releaseName}-state`);
  const [binding, catalog] = [await state.readBinding(), await state.readCatalog()];
  if (!binding || catalog === undefined) {
    throw new ConnectorError(
      'never-connected',
      `the ConfigMap ${state.objectName} tells of no connection; name the release with --release-name and --namespace, and look at the log of the connector`,
    );
  }
  const { metadata } = await app.get<KubeObject>(configMapPath(namespace, `${releaseName}-state`));
  return {
    release,
    binding,
    since: metadata.creationTimestamp,
    resources: (parseOpenApi(catalog) as unknown as CatalogSource).resources,
    conflicts: await state.readConflicts(),
    deployment: await readDeployment(app, release),
  };
}

export async function readDeployment(
  app: KubeClient,
  { namespace, releaseName }: Release,
): Promise<ConnectorDeployment | undefined> {
  const path = `/apis/apps/v1/namespaces/${namespace}/deployments/${releaseName}`;
  const found = await app.get<DeploymentObject>(path).catch(absentOrThrow);
  return (
    found && {
      version: found.metadata.labels?.['app.kubernetes.io/version'] ?? '',
      replicas: found.spec.replicas ?? 1,
      readyReplicas: found.status?.readyReplicas ?? 0,
      args: (found.spec.template.spec.containers[0]?.args ?? []).filter((word) => word.startsWith('--')),
    }
  );
}

/** Flags as commander names them: `--claim-namespace=x` is `claimNamespace: 'x'`. */
export function flagsOf(args: readonly string[]): Record<string, string | boolean> {
  return Object.fromEntries(
    args.map((arg) => {
      const [, name = '', value] = /^--([^=]+)(?:=(.*))?$/s.exec(arg) ?? [];
      const key = name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
      return [key, value ?? true];
    }),
  );
}
