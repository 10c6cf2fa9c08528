import type { KubeObject } from '../apimachinery/objects.ts';
import { systemClock } from '../base/clock.ts';
import { ConnectorError, describeError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { namespacePath } from './api-paths.ts';
import type { KubeClient } from './kube-client.ts';

const retryMs = 2_000;

/** What a cluster is told apart by, having no name of its own. Waits for the cluster, which may start after us. */
export async function kubeSystemUID(client: KubeClient, log: Logger): Promise<string> {
  for (;;) {
    try {
      const namespace = await client.get<KubeObject>(namespacePath('kube-system'));
      return namespace.metadata.uid as string;
    } catch (error) {
      if (!(error instanceof ConnectorError) || error.code !== 'unreachable') throw error;
      log.warn({ reason: describeError(error) }, 'waiting for the app cluster');
      await systemClock.sleep(retryMs);
    }
  }
}
