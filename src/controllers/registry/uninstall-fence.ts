import type { ConfigMap } from '../../apimachinery/objects.ts';
import type { Logger } from '../../base/logger.ts';
import { uninstallOf } from '../../clusters/connection-state.ts';
import { followConfigMap } from '../../clusters/followed-config-map.ts';
import type { Informer } from '../../clusters/informer.ts';
import type { KubeClient } from '../../clusters/kube-client.ts';

export interface UninstallFenceOptions {
  /** The app cluster. */
  client: KubeClient;
  /** Of the state object. */
  namespace: string;
  name: string;
  log: Logger;
}

/**
 * Whether the connector is being uninstalled, as the state object says to every replica, also to one that starts in the middle
 * of it. Behind the fence nobody competes for the Lease: who uninstalls takes it, and holding it is the proof that no other
 * registers an API or delivers a Secret. The fence stands until the key is taken away; the object may go while it does.
 */
export class UninstallFence {
  readonly #informer: Informer<ConfigMap>;
  readonly #log: Logger;
  #isUp = false;

  constructor(options: UninstallFenceOptions) {
    this.#log = options.log;
    this.#informer = followConfigMap({
      ...options,
      what: 'the state object',
      // Its other keys are large.
      keep: uninstallOf,
      onChange: (state) => this.#settle(state),
    });
  }

  /** Resolves once the state object was read: nobody may lead before. */
  get known(): Promise<void> {
    return this.#informer.synced;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  start(): this {
    this.#informer.start();
    return this;
  }

  stop(): Promise<void> {
    return this.#informer.stop();
  }

  #settle(state: ConfigMap | undefined): void {
    const before = this.#isUp;
    if (state) this.#isUp = Object.keys(state.data ?? {}).length > 0;
    if (this.#isUp && !before)
      this.#log.warn('this connector is being uninstalled: it registers and copies nothing more');
    if (!this.#isUp && before) this.#log.info('the uninstall was cancelled');
  }
}
