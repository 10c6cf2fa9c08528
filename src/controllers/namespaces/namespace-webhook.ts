import type { KubeObject } from '../../apimachinery/objects.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import { validatingWebhookPath } from '../../clusters/api-paths.ts';
import { isNotFound, type KubeClient } from '../../clusters/kube-client.ts';
import type { ServingCertificate } from '../certificates/serving-certificate.ts';
import type { Controller } from '../leader-work.ts';
import { ReconcileLoop } from '../reconcile-loop.ts';

export interface NamespaceWebhookOptions {
  /** The app cluster. */
  client: KubeClient;
  certificate: Pick<ServingCertificate, 'current' | 'onChange'>;
  /** Of the ValidatingWebhookConfiguration. */
  name: string;
  service: { namespace: string; name: string; port: number; path: string };
  /** Outside the cluster no chart makes the configuration. */
  makes: boolean;
  log: Logger;
  clock?: Clock;
}

interface WebhookConfiguration extends KubeObject {
  webhooks?: { name: string; clientConfig: { service?: object; caBundle?: string } }[];
}

const repeatMs = 60_000;
const retryMs = 5_000;
const webhookName = 'namespaces.mcp-connector.upbound.io';

/**
 * Keeps the CA in the webhook configuration that asks the connector before a namespace is deleted. Until it is there, the
 * API server cannot ask, and lets every namespace go.
 */
export class NamespaceWebhook implements Controller {
  readonly #options: NamespaceWebhookOptions;
  readonly #loop: ReconcileLoop;
  #forget: () => void = () => undefined;

  constructor(options: NamespaceWebhookOptions) {
    this.#options = options;
    const { log, name, clock } = options;
    this.#loop = new ReconcileLoop({
      reconcile: () => this.#reconcile(),
      onFault: (reason) =>
        log.error(
          { configuration: name, reason },
          'namespaces with claims can be deleted although a policy blocks that: the webhook cannot be set up',
        ),
      repeatMs,
      retryMs,
      clock,
    });
  }

  start(): void {
    this.#forget = this.#options.certificate.onChange(() => this.#loop.wake());
    this.#loop.start();
  }

  async stop(): Promise<void> {
    this.#forget();
    await this.#loop.stop();
  }

  async #reconcile(): Promise<void> {
    const { client, name, certificate, service, makes } = this.#options;
    const caBundle = Buffer.from(certificate.current().caBundle).toString('base64');
    let current: WebhookConfiguration;
    try {
      current = await client.get<WebhookConfiguration>(validatingWebhookPath(name));
    } catch (error) {
      if (!isNotFound(error) || !makes) throw error;
      await client.create(validatingWebhookPath(), configurationOf(name, { service, caBundle }));
      return;
    }
    let isChanged = false;
    for (const { clientConfig } of current.webhooks ?? []) {
      isChanged ||= clientConfig.caBundle !== caBundle || (makes && differs(clientConfig.service, service));
      clientConfig.caBundle = caBundle;
      if (makes) clientConfig.service = service;
    }
    if (isChanged) await client.replace(validatingWebhookPath(name), current);
  }
}

function differs(a: object | undefined, b: object): boolean {
  return printed(a ?? {}) !== printed(b);
}

/** Whatever the order of its members. */
function printed(object: object): string {
  return JSON.stringify(Object.entries(object).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** As the chart makes it. */
function configurationOf(name: string, clientConfig: object): WebhookConfiguration {
  const webhook = {
    name: webhookName,
    clientConfig,
    rules: [
      {
        operations: ['DELETE'],
        apiGroups: [''],
        apiVersions: ['v1'],
        resources: ['namespaces'],
        scope: 'Cluster',
      },
    ],
    failurePolicy: 'Ignore',
    sideEffects: 'None',
    timeoutSeconds: 5,
    admissionReviewVersions: ['v1'],
  };
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name },
    webhooks: [webhook],
  };
}
