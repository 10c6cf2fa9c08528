import { createHash } from 'node:crypto';
import type { KubeObject } from '../../src/apimachinery/objects.ts';
import type { ClaimApi } from './platform-api.ts';
import type { TestGround } from './test-ground.ts';

export interface Claim extends KubeObject {
  spec: {
    parameters: { size: string; settings?: Record<string, unknown> };
    resourceRef?: { name: string; kind: string };
  };
  status?: { note?: string; instance?: string };
}

/** Prefix of the labels that no user of the app cluster sees. */
export const hiddenLabels = 'mcp-connector.upbound.io';

/** Claims of one API in one namespace of the app cluster, and where each lies on the control plane. */
export class Claims {
  readonly #ground: TestGround;
  readonly #api: ClaimApi;
  readonly #clusterID: string;
  readonly namespace: string;

  constructor(ground: TestGround, api: ClaimApi, namespace: string, clusterID: string) {
    this.#ground = ground;
    this.#api = api;
    this.namespace = namespace;
    this.#clusterID = clusterID;
  }

  /** The collection, or one claim, in the app cluster. */
  path(name?: string): string {
    const { group, plural } = this.#api;
    return `/apis/${group}/v1/namespaces/${this.namespace}/${plural}${name === undefined ? '' : `/${name}`}`;
  }

  /** Name on the control plane, computed here anew: sources that hash wrongly must not be asked. */
  storedName(name: string): string {
    const input = `${name}-x-${this.namespace}-x-${this.#clusterID}`;
    return `claim-${createHash('sha256').update(input).digest('hex').slice(0, 16)}`;
  }

  storedPath(name: string): string {
    const { group, plural } = this.#api;
    return `/apis/${group}/v1/namespaces/${this.#ground.claimNamespace}/${plural}/${this.storedName(name)}`;
  }

  /** A manifest in JSON. */
  manifest(name: string, parameters: object = {}): string {
    const { group, kind } = this.#api;
    return JSON.stringify({
      apiVersion: `${group}/v1`,
      kind,
      metadata: { name, namespace: this.namespace },
      spec: { parameters: { size: 'small', ...parameters } },
    });
  }

  /** Throws when it is not created. */
  create(name: string, parameters: object = {}): Promise<Claim> {
    const body: unknown = JSON.parse(this.manifest(name, parameters));
    return this.#ground.app.client.create<Claim>(this.path(), body);
  }

  read(name: string): Promise<Claim> {
    return this.#ground.app.client.get<Claim>(this.path(name));
  }

  /** As it lies on the control plane. */
  stored(name: string): Promise<Claim> {
    return this.#ground.controlPlane.client.get<Claim>(this.storedPath(name));
  }

  async names(): Promise<string[]> {
    const { items } = await this.#ground.app.client.get<{ items: Claim[] }>(this.path());
    return items.map(({ metadata }) => metadata.name);
  }
}
