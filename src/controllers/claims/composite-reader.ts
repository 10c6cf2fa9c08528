import type { Condition, KubeObject } from '../../apimachinery/objects.ts';
import { type Clock, systemClock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import { ApiError, isNotFound, type KubeClient } from '../../clusters/kube-client.ts';
import { type FollowedClaim, unfulfilledConditions } from '../../mapping/followed-claim.ts';

export interface CompositeReaderOptions {
  /** The control plane. */
  client: KubeClient;
  log: Logger;
  clock?: Clock;
}

interface Composite extends KubeObject {
  spec?: { claimRef?: { namespace?: string; name?: string } };
  status?: { conditions?: Condition[] };
}

interface ResourceList {
  resources: { name: string; kind: string }[];
}

/** A right may be granted, and a kind may come, while the connector runs. */
const askAgainMs = 300_000;

/** Reads the composite resources that claims are bound to. */
export class CompositeReader {
  readonly #options: CompositeReaderOptions;
  readonly #clock: Clock;
  /** By apiVersion and kind: its plural, or until when nobody asks for it. */
  readonly #plurals = new Map<string, string>();
  readonly #notBefore = new Map<string, number>();
  readonly #saidForbidden = new Set<string>();

  constructor(options: CompositeReaderOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /**
   * What keeps it from being ready, in the words of the control plane. Undefined where it cannot be said: there is none, it
   * may not be read, or it is bound to another claim, which is nothing to the author of this one.
   */
  async conditionsOf({ metadata, composite, resource }: FollowedClaim): Promise<Condition[] | undefined> {
    const { apiVersion = '', kind = '', name = '' } = composite ?? {};
    // An XRD makes both kinds in one group, so another one in a reference is not to be followed.
    if (!apiVersion.startsWith(`${resource.group}/`)) return undefined;
    const key = `${apiVersion}/${kind}`;
    if (this.#clock.now() < (this.#notBefore.get(key) ?? 0)) return undefined;
    const plural = this.#plurals.get(key) ?? (await this.#findPlural(apiVersion, kind));
    if (plural === undefined) return undefined;
    const xr = await this.#read(`/apis/${apiVersion}/${plural}/${encodeURIComponent(name)}`, key);
    const { claimRef } = xr?.spec ?? {};
    if (claimRef?.name !== metadata.name || claimRef.namespace !== metadata.namespace) return undefined;
    return unfulfilledConditions(xr?.status?.conditions);
  }

  async #findPlural(apiVersion: string, kind: string): Promise<string | undefined> {
    const key = `${apiVersion}/${kind}`;
    const list = await this.#ask<ResourceList>(`/apis/${apiVersion}`);
    const plural = list?.resources.find((one) => one.kind === kind && !one.name.includes('/'))?.name;
    if (plural === undefined) this.#notBefore.set(key, this.#clock.now() + askAgainMs);
    else this.#plurals.set(key, plural);
    return plural;
  }

  async #read(path: string, key: string): Promise<Composite | undefined> {
    try {
      return await this.#ask<Composite>(path);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 403) throw error;
      this.#notBefore.set(key, this.#clock.now() + askAgainMs);
      if (!this.#saidForbidden.has(key)) {
        this.#saidForbidden.add(key);
        this.#options.log.warn(
          { reason: error.message },
          `composite resources of the kind ${key} may not be read on the control plane, so claims do not tell why they are not ready; deploy/control-plane.yaml has the right`,
        );
      }
      return undefined;
    }
  }

  async #ask<T>(path: string): Promise<T | undefined> {
    try {
      return await this.#options.client.get<T>(path);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }
}
