import type { KubeObject } from '../apimachinery/objects.ts';
import { resourcePath } from '../clusters/api-paths.ts';
import { ApiError, isNotFound, type KubeClient } from '../clusters/kube-client.ts';

const revisions = { group: 'apiextensions.crossplane.io', version: 'v1', plural: 'compositionrevisions' };
/** In patches by path, in templates and in code: the claim's reference, and the labels that carry its name, namespace and app cluster. */
const reads = /claimRef|claim-name(?!\w)|claim-namespace|mcp-connector\.upbound\.io\/app-cluster/;

/**
 * Whether a composition makes something of the claim's name, namespace or app cluster, which a move changes: another cloud account,
 * another name in the cloud. Text is searched, templates and code of functions included; what a function does on its own
 * is not seen by this, and is left to the verification.
 */
export class CompositionScan {
  readonly #client: KubeClient;
  readonly #known = new Map<string, Promise<ScanResult>>();

  constructor(controlPlane: KubeClient) {
    this.#client = controlPlane;
  }

  of(revision: string): Promise<ScanResult> {
    let result = this.#known.get(revision);
    if (!result) {
      result = this.#scan(revision);
      this.#known.set(revision, result);
    }
    return result;
  }

  async #scan(revision: string): Promise<ScanResult> {
    try {
      const { spec } = await this.#client.get<KubeObject & { spec: unknown }>(
        resourcePath(revisions, { name: revision }),
      );
      const found = readsClaim(spec);
      return found === undefined ? { state: 'clean' } : { state: 'reads', word: found };
    } catch (error) {
      const isUnreadable = isNotFound(error) || (error instanceof ApiError && error.status === 403);
      if (isUnreadable) return { state: 'unknown' };
      throw error;
    }
  }
}

export type ScanResult = { state: 'clean' | 'unknown' } | { state: 'reads'; word: string };

/** The first sign of it; undefined where there is none. */
export function readsClaim(spec: unknown): string | undefined {
  return reads.exec(JSON.stringify(spec))?.[0];
}
