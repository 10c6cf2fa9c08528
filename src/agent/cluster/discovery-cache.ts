import type { Clock } from '../../base/clock.ts';
import { type DiscoveredResource, discover } from './discovery.ts';
import type { ClusterApi } from './cluster-api.ts';
import { DiscoveredKinds } from './discovered-kinds.ts';
import type { KindDirectory } from './kind-directory.ts';

/** Milliseconds that an answer is believed: new kinds come with packages, seldom, and a 404 drops it at once. */
const lifetimeMs = 5 * 60_000;
/** Identities that are remembered, each with what it was shown. */
const maxIdentities = 64;

interface Known {
  at: number;
  resources: Promise<readonly DiscoveredResource[]>;
}

/** What the control plane serves, for all calls of one server: kept for each identity, since rights decide what is shown. */
export class DiscoveryCache {
  readonly #clock: Clock;
  readonly #known = new Map<string, Known>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** For one call: asks through `api` where nothing fresh is known. `identity` is whom the control plane sees. */
  directory(identity: string, api: ClusterApi): KindDirectory {
    return new DiscoveredKinds({
      resources: () => this.#resources(identity, api),
      forget: () => void this.#known.delete(identity),
    });
  }

  async #resources(identity: string, api: ClusterApi): Promise<readonly DiscoveredResource[]> {
    const known = this.#known.get(identity);
    if (known && this.#clock.now() - known.at < lifetimeMs) {
      // A question of another call ends with that call's deadline, which is not this one's.
      const answer = await known.resources.catch(() => undefined);
      if (answer) return answer;
    }
    const entry: Known = { at: this.#clock.now(), resources: discover(api) };
    this.#remember(identity, entry);
    try {
      return await entry.resources;
    } catch (error) {
      if (this.#known.get(identity) === entry) this.#known.delete(identity);
      throw error;
    }
  }

  #remember(identity: string, entry: Known): void {
    this.#known.delete(identity);
    const [oldest] = this.#known.keys();
    if (oldest !== undefined && this.#known.size >= maxIdentities) this.#known.delete(oldest);
    this.#known.set(identity, entry);
  }
}
