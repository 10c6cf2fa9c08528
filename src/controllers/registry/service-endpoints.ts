import type { KubeList, KubeObject } from '../../apimachinery/objects.ts';
import { type Clock, systemClock } from '../../base/clock.ts';
import { resourcePath } from '../../clusters/api-paths.ts';
import type { KubeClient } from '../../clusters/kube-client.ts';
import type { Release } from './api-service-owner.ts';

interface EndpointSlice extends KubeObject {
  endpoints?: { conditions?: { ready?: boolean } }[] | null;
}

const slices = { group: 'discovery.k8s.io', version: 'v1', plural: 'endpointslices' };
const serviceNameLabel = 'kubernetes.io/service-name';
/** Until every kube-apiserver and kube-proxy knows of them too. */
const settledAfterMs = 5_000;

/**
 * Whether the release's Service has led to a ready pod for a while. An API that is switched to it sooner is answered by kube-apiserver
 * itself with 503, because the Service has no endpoints, although whoever served it before is still there.
 */
export class ServiceEndpoints {
  readonly #client: Pick<KubeClient, 'get'>;
  readonly #release: Release;
  readonly #clock: Clock;
  #since: number | undefined;

  constructor(client: Pick<KubeClient, 'get'>, release: Release, clock: Clock = systemClock) {
    this.#client = client;
    this.#release = release;
    this.#clock = clock;
  }

  async areSettled(): Promise<boolean> {
    const { namespace, releaseName } = this.#release;
    const query = { labelSelector: `${serviceNameLabel}=${releaseName}` };
    const { items } = await this.#client.get<KubeList<EndpointSlice>>(resourcePath(slices, { namespace }), {
      query,
    });
    // Nothing said counts as ready (discovery/v1 EndpointConditions).
    const isReady = items.some(({ endpoints }) =>
      endpoints?.some(({ conditions }) => conditions?.ready !== false),
    );
    this.#since = isReady ? (this.#since ?? this.#clock.now()) : undefined;
    return this.#since !== undefined && this.#clock.now() - this.#since >= settledAfterMs;
  }
}
