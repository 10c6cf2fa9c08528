import { X509Certificate } from 'node:crypto';
import type { Secret } from '../apimachinery/objects.ts';
import { secretPath } from '../clusters/api-paths.ts';
import type { ClusterAccess } from '../clusters/cluster-access.ts';
import { ApiError, isNotFound, type KubeClient } from '../clusters/kube-client.ts';
import type { Release } from '../controllers/registry/api-service-owner.ts';
import { type Check, failed, ok, warning } from './check.ts';

/** Something that ends. */
export interface Expiry {
  name: string;
  /** RFC 3339; undefined where it says nothing of an end. */
  expires: string | undefined;
  /** Renewed by the connector itself. */
  isRenewed: boolean;
}

const dayMs = 86_400_000;
const warnBeforeMs = 7 * dayMs;

/** The serving certificate of the release, and what the connector shows the control plane. */
export async function readExpiries(
  app: KubeClient,
  { namespace, releaseName }: Release,
  controlPlane: ClusterAccess | undefined,
  isExchanged: boolean,
): Promise<Expiry[]> {
  const path = secretPath(namespace, `${releaseName}-serving-cert`);
  const serving = await app.get<Secret>(path).catch(unseenOrThrow);
  const found: Expiry[] = [];
  const cert = serving?.data?.['tls.crt'];
  if (cert)
    found.push({ name: 'serving certificate', expires: endOf(Buffer.from(cert, 'base64')), isRenewed: true });
  const credential = await controlPlane?.credential().catch(() => undefined);
  if (!credential) return found;
  const { cert: client, ca } = credential.tls;
  if (client) found.push({ name: 'client certificate', expires: endOf(client), isRenewed: false });
  if (credential.authorization !== undefined) {
    const { expiresAt } = credential;
    const expires = expiresAt === undefined ? undefined : new Date(expiresAt).toISOString();
    found.push({ name: 'control plane token', expires, isRenewed: isExchanged });
  }
  if (ca && !isExchanged) found.push({ name: 'control plane CA', expires: endOf(ca), isRenewed: false });
  return found;
}

/** One check for each that somebody has to see to. */
export function expiryChecks(expiries: readonly Expiry[], now: number): Check[] {
  return expiries.map(({ name, expires, isRenewed }) => {
    if (expires === undefined) return ok(name, 'has no end');
    const left = Date.parse(expires) - now;
    const remedy = isRenewed
      ? 'the connector renews it: look at its log'
      : 'put a new one into the Secret of the control plane: it is used within seconds';
    if (left <= 0) return failed(name, `has expired at ${expires}`, remedy);
    if (!isRenewed && left < warnBeforeMs) return warning(name, `expires at ${expires}`, remedy);
    return ok(name, `expires at ${expires}`);
  });
}

/** It has a private key too: not everybody who may look at a connection may read it. */
function unseenOrThrow(error: unknown): undefined {
  if (isNotFound(error) || (error instanceof ApiError && error.status === 403)) return undefined;
  throw error;
}

function endOf(pem: string | Buffer): string | undefined {
  try {
    return new X509Certificate(pem).validToDate.toISOString();
  } catch {
    return undefined;
  }
}
