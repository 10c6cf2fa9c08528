import { isNotFound } from '../../../src/clusters/kube-client.ts';
import { namespacePath } from '../../../src/clusters/api-paths.ts';
import type { ChaosFault } from '../fault.ts';

/** Credentials and certificates that change, and settings that are wrong for a while. */
export const rotationFaults: readonly ChaosFault[] = [
  {
    name: 'kubeconfig-rotated',
    what: 'kubeconfig Secret replaced by one with a new token',
    servedThroughout: true,
    cause: async ({ ground }) => ground.connectTo(await ground.kubeconfigWithToken()),
    mend: async () => undefined,
  },
  {
    name: 'token-revoked',
    what: "the connectors' token revoked, then a new one in the Secret",
    // kube-apiserver believes a token for 10 s after it has seen it.
    seconds: 16,
    cause: ({ ground }) => ground.revokeToken(),
    mend: async ({ ground }) => ground.connectTo(await ground.kubeconfigWithToken()),
  },
  {
    name: 'serving-certificate-deleted',
    what: 'Secret with the serving certificate deleted',
    servedThroughout: true,
    cause: ({ ground }) => ground.lab.app.client.delete(ground.servingSecretPath),
    mend: async () => undefined,
    afterwards: async ({ ground }) => void (await ground.lab.app.client.get(ground.servingSecretPath)),
  },
  {
    name: 'wrong-control-plane',
    what: 'kubeconfig of another control plane, and back',
    cause: async ({ ground }) => {
      // A cluster with a namespace of that name and no claims in it: the app cluster itself.
      const { client, kubeconfig } = ground.lab.app;
      try {
        await client.get(namespacePath(ground.claimNamespace));
      } catch (error) {
        if (!isNotFound(error)) throw error;
        await ground.createNamespace(ground.claimNamespace);
      }
      await ground.connectTo(kubeconfig);
    },
    mend: async ({ ground }) => ground.connectTo(await ground.kubeconfigWithToken()),
  },
];
