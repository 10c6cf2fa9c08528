import { readFile } from 'node:fs/promises';
import type { Secret } from '../../apimachinery/objects.ts';
import { ConnectorError, describeError } from '../../base/errors.ts';
import { secretPath } from '../../clusters/api-paths.ts';
import { accessFromFile, accessFromKubeconfig, type ClusterAccess } from '../../clusters/cluster-access.ts';
import { isNotFound, type KubeClient } from '../../clusters/kube-client.ts';
import { accessToSpace, spaceUrl } from '../../clusters/space-access.ts';
import type { Config } from '../../config/config.ts';
import type { SpaceWay } from '../../config/control-plane-way.ts';

/** A kubeconfig as it was found: its text tells whether it changed. */
export interface FoundKubeconfig {
  text: string;
  open: () => ClusterAccess;
}

export interface KubeconfigPlace extends Pick<Config, 'controlPlane' | 'namespace'> {
  /** For the exchange of tokens. */
  environmentProxy?: boolean;
  /** Told while a token is not renewed, and with undefined when it is. */
  onTokenTrouble?: (reason: string | undefined) => void;
}

/**
 * Reads the control plane's kubeconfig from the Secret or file that the configuration names. Throws ConnectorError
 * with one sentence that says what is missing and what to do.
 */
export async function findKubeconfig(config: KubeconfigPlace, client: KubeClient): Promise<FoundKubeconfig> {
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
  if ('space' in controlPlane) return await findSpace(controlPlane.space, { ...config, namespace }, client);
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

/** In place of a kubeconfig: another token, CA or address is another way. */
async function findSpace(
  space: SpaceWay,
  { namespace, environmentProxy = false, onTokenTrouble }: KubeconfigPlace,
  client: KubeClient,
): Promise<FoundKubeconfig> {
  const { tokenSecretName: name, tokenSecretKey: key } = space;
  const where = `Secret ${namespace}/${name}`;
  const { data } = await readSecret(client, namespace, name, where, `${key}=<token>`);
  const token = decoded(data?.[key])?.trim();
  if (!token)
    throw new ConnectorError(
      'kubeconfig-key-missing',
      `${where} has no token under the key "${key}"; its keys are: ${Object.keys(data ?? {})
        .toSorted()
        .join(', ')}; set upbound.tokenSecret.key`,
    );
  const ca = decoded(data?.['ca.crt']);
  const { account, authUrl } = space;
  return {
    text: JSON.stringify([spaceUrl(space), account, authUrl, token, ca]),
    open: () =>
      accessToSpace(
        { ...space, ca },
        { authUrl, account, token, ca, environmentProxy, onTrouble: onTokenTrouble },
      ),
  };
}

function decoded(data: string | undefined): string | undefined {
  return data === undefined ? undefined : Buffer.from(data, 'base64').toString('utf8');
}

async function readSecret(
  client: KubeClient,
  namespace: string,
  name: string,
  where: string,
  content = 'kubeconfig=<file>',
): Promise<Secret> {
  try {
    return await client.get<Secret>(secretPath(namespace, name), { timeoutMs: 5_000 });
  } catch (cause) {
    if (isNotFound(cause)) {
      throw new ConnectorError(
        'kubeconfig-missing',
        content.startsWith('kubeconfig')
          ? `${where} does not exist; create it with the control plane's kubeconfig: kubectl -n ${namespace} create secret generic ${name} --from-file=${content}`
          : `${where} does not exist; create it with the organization's token: kubectl -n ${namespace} create secret generic ${name} --from-literal=${content}`,
        { cause },
      );
    }
    throw new ConnectorError('kubeconfig-missing', `${where} cannot be read: ${describeError(cause)}`, {
      cause,
    });
  }
}
