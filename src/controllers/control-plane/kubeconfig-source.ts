import { readFile } from 'node:fs/promises';
import type { Secret } from '../../apimachinery/objects.ts';
import { ConnectorError, describeError } from '../../base/errors.ts';
import { secretPath } from '../../clusters/api-paths.ts';
import { accessFromFile, accessFromKubeconfig, type ClusterAccess } from '../../clusters/cluster-access.ts';
import { isNotFound, type KubeClient } from '../../clusters/kube-client.ts';
import type { Config } from '../../config/config.ts';

/** A kubeconfig as it was found: its text tells whether it changed. */
export interface FoundKubeconfig {
  text: string;
  open: () => ClusterAccess;
}

/**
 * Reads the control plane's kubeconfig from the Secret or file that the configuration names. Throws ConnectorError
 * with one sentence that says what is missing and what to do.
 */
export async function findKubeconfig(
  config: Pick<Config, 'controlPlane' | 'namespace'>,
  client: KubeClient,
): Promise<FoundKubeconfig> {
  const { controlPlane, namespace } = config;
  if ('kubeconfigFile' in controlPlane) {
    const file = controlPlane.kubeconfigFile;
    try {
      return { text: await readFile(file, 'utf8'), open: () => accessFromFile(file) };
    } catch (cause) {
      throw new ConnectorError(
        'kubeconfig-missing',
        `the control plane's kubeconfig ${file} cannot be read: ${describeError(cause)}`,
        {
          cause,
        },
      );
    }
  }
  const { secretName, secretKey } = controlPlane;
  const where = `Secret ${namespace}/${secretName}`;
  const secret = await readSecret(client, namespace, secretName, where);
  const keys = Object.keys(secret.data ?? {});
  const data = secret.data?.[secretKey];
  if (data === undefined) {
    const there = keys.length === 0 ? 'it has no keys' : `its keys are: ${keys.toSorted().join(', ')}`;
    throw new ConnectorError(
      'kubeconfig-key-missing',
      `${where} has no key "${secretKey}"; ${there}; set spaces.controlPlane.kubeconfigSecret.key`,
    );
  }
  const text = Buffer.from(data, 'base64').toString('utf8');
  return { text, open: () => accessFromKubeconfig(text, `key "${secretKey}" of ${where}`) };
}

async function readSecret(
  client: KubeClient,
  namespace: string,
  name: string,
  where: string,
): Promise<Secret> {
  try {
    return await client.get<Secret>(secretPath(namespace, name), { timeoutMs: 5_000 });
  } catch (cause) {
    if (isNotFound(cause)) {
      throw new ConnectorError(
        'kubeconfig-missing',
        `${where} does not exist; create it with the control plane's kubeconfig: kubectl -n ${namespace} create secret generic ${name} --from-file=kubeconfig=<file>`,
        { cause },
      );
    }
    throw new ConnectorError('kubeconfig-missing', `${where} cannot be read: ${describeError(cause)}`, {
      cause,
    });
  }
}
