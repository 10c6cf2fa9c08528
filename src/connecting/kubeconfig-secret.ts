import { dump } from 'js-yaml';
import type { Secret } from '../apimachinery/objects.ts';
import { systemClock } from '../base/clock.ts';
import { ConnectorError } from '../base/errors.ts';
import { secretPath } from '../clusters/api-paths.ts';
import type { ClusterAccess } from '../clusters/cluster-access.ts';
import { absentOrThrow, type KubeClient } from '../clusters/kube-client.ts';
import { releaseLabel } from '../mapping/identity.ts';
import { type Outcome, tokenSecretName } from './control-plane-objects.ts';

const tokenWithinMs = 30_000;

/** The token of the ServiceAccount, which the controller manager fills in a moment after its Secret was made. */
export async function readAccountToken(controlPlane: KubeClient, claimNamespace: string): Promise<string> {
  const path = secretPath(claimNamespace, tokenSecretName);
  const deadline = Date.now() + tokenWithinMs;
  for (;;) {
    const secret = await controlPlane.get<Secret>(path).catch(absentOrThrow);
    const token = secret?.data?.['token'];
    if (token) return Buffer.from(token, 'base64').toString('utf8');
    if (Date.now() > deadline) {
      throw new ConnectorError(
        'token-missing',
        `the Secret ${claimNamespace}/${tokenSecretName} of the control plane has no token; look whether its kube-controller-manager runs`,
      );
    }
    await systemClock.sleep(200);
  }
}

/** The administrator's way to the control plane, with the ServiceAccount in the administrator's place. */
export async function kubeconfigText(
  admin: ClusterAccess,
  { token, claimNamespace, server }: { token: string; claimNamespace: string; server?: string | undefined },
): Promise<string> {
  const { tls } = await admin.credential();
  const cluster = {
    server: server ?? admin.server.href.replace(/\/$/, ''),
    ...(tls.ca ? { 'certificate-authority-data': Buffer.from(tls.ca).toString('base64') } : {}),
    ...(tls.servername ? { 'tls-server-name': tls.servername } : {}),
    ...(admin.skipsTlsVerify ? { 'insecure-skip-tls-verify': true } : {}),
    ...(admin.proxyUrl ? { 'proxy-url': admin.proxyUrl } : {}),
  };
  return dump({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'control-plane',
    contexts: [
      {
        name: 'control-plane',
        context: { cluster: 'control-plane', user: 'mcp-connector', namespace: claimNamespace },
      },
    ],
    clusters: [{ name: 'control-plane', cluster }],
    users: [{ name: 'mcp-connector', user: { token } }],
  });
}

/**
 * Writes keys of a Secret in the app cluster; whatever else is in it stays. Only one that is made here is labelled as the release's own:
 * that goes with it.
 */
export async function writeSecret(
  app: KubeClient,
  {
    namespace,
    name,
    release,
    data,
  }: { namespace: string; name: string; release: string; data: Record<string, string> },
): Promise<Outcome> {
  const path = secretPath(namespace, name);
  const encoded = Object.fromEntries(
    Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')]),
  );
  const current = await app.get<Secret>(path).catch(absentOrThrow);
  if (!current) {
    const labels = { 'app.kubernetes.io/managed-by': 'mcp-connector', [releaseLabel]: release };
    const metadata = { name, namespace, labels };
    await app.create(secretPath(namespace), { apiVersion: 'v1', kind: 'Secret', metadata, data: encoded });
    return 'created';
  }
  if (Object.entries(encoded).every(([key, text]) => current.data?.[key] === text)) return 'unchanged';
  await app.patch(path, { data: encoded });
  return 'configured';
}
