import type { KubeObject } from '../apimachinery/objects.ts';
import { secretPath } from '../clusters/api-paths.ts';
import { absentOrThrow, type KubeClient } from '../clusters/kube-client.ts';
import { listMetadata } from '../clusters/list-metadata.ts';
import { releaseLabel } from '../mapping/identity.ts';
import type { Installation } from './installation.ts';

/**
 * Names of the Secrets that `install` has made for this installation: the control plane's kubeconfig, or the token of an
 * organization. Never one that somebody else has made and `install` was told of, which has no such label.
 */
export async function installedSecrets(app: KubeClient, { release }: Installation): Promise<string[]> {
  const { namespace, releaseName } = release;
  const labelSelector = `app.kubernetes.io/managed-by=mcp-connector,${releaseLabel}=${releaseName}`;
  const items = await listMetadata(app, secretPath(namespace), { labelSelector });
  return items.map(({ metadata }) => metadata.name);
}

/** The same for an account that may not list Secrets: of those that the pods are told of. */
export async function installedSecretsInUse(
  app: KubeClient,
  { release, flags }: Installation,
): Promise<string[]> {
  const { namespace, releaseName } = release;
  const found: string[] = [];
  for (const name of [flags['controlPlaneSecret'], flags['upboundTokenSecret']]) {
    if (typeof name !== 'string') continue;
    const secret = await app.get<KubeObject>(secretPath(namespace, name)).catch(absentOrThrow);
    if (secret?.metadata.labels?.[releaseLabel] === releaseName) found.push(name);
  }
  return found;
}
