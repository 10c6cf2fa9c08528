import type { ConfigMap } from '../apimachinery/objects.ts';
import type { Clock } from '../base/clock.ts';
import { describeError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { followConfigMap } from '../clusters/followed-config-map.ts';
import type { Informer } from '../clusters/informer.ts';
import type { KubeClient } from '../clusters/kube-client.ts';
import { type ClientTrust, parseClientTrust } from './client-trust.ts';

const namespace = 'kube-system';
const name = 'extension-apiserver-authentication';

export interface ClientTrustSourceOptions {
  client: KubeClient;
  log: Logger;
  clock?: Clock;
}

/**
 * Follows the ConfigMap that names the front proxy's CA, so that a rotated CA counts at once. A ConfigMap that is gone
 * or cannot be read leaves the last trust standing (as apiserver/pkg/server/dynamiccertificates does): kube-apiserver
 * writes it again, and until then the aggregator must not be locked out.
 */
export class ClientTrustSource {
  readonly #informer: Informer<ConfigMap>;
  readonly #log: Logger;
  #current: ClientTrust | undefined;
  #seen: string | undefined;

  constructor(options: ClientTrustSourceOptions) {
    this.#log = options.log;
    this.#informer = followConfigMap({
      ...options,
      namespace,
      name,
      what: 'the front-proxy configuration',
      onChange: (map) => this.#read(map?.data),
    });
  }

  /** Undefined until the ConfigMap was looked for once: who asks is then unknown, not anonymous. */
  get current(): ClientTrust | undefined {
    return this.#current;
  }

  /** Resolves after the first look. */
  get loaded(): Promise<void> {
    return this.#informer.synced;
  }

  start(): this {
    this.#informer.start();
    return this;
  }

  stop(): Promise<void> {
    return this.#informer.stop();
  }

  #read(data: ConfigMap['data']): void {
    if (!data) this.#log.warn(`ConfigMap ${namespace}/${name} is missing: no new front-proxy configuration`);
    const text = JSON.stringify(data ?? {});
    if (text === this.#seen || (!data && this.#current)) return;
    this.#seen = text;
    try {
      this.#current = parseClientTrust(data ?? {});
    } catch (error) {
      this.#log.error({ reason: describeError(error) }, 'the front-proxy configuration is refused');
      this.#current ??= parseClientTrust({});
      return;
    }
    const { warning, requestHeader } = this.#current;
    if (warning) this.#log.error(warning);
    else if (!requestHeader)
      this.#log.warn('no front-proxy CA is configured: only client certificates and tokens count');
    else this.#log.info({ cas: requestHeader.cas.length }, 'front-proxy configuration loaded');
  }
}
