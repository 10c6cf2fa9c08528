import type { ClaimApi } from '../support/platform-api.ts';
import { attemptLabel, type Entry } from './ledger.ts';

/** Paths and bodies of the claims that the clients write. */
export class ChaosApi {
  readonly api: ClaimApi;

  constructor(api: ClaimApi) {
    this.api = api;
  }

  get apiVersion(): string {
    return `${this.api.group}/v1`;
  }

  /** Of all namespaces. */
  get everywhere(): string {
    return `/apis/${this.apiVersion}/${this.api.plural}`;
  }

  path(namespace: string, name?: string): string {
    const collection = `/apis/${this.apiVersion}/namespaces/${namespace}/${this.api.plural}`;
    return name === undefined ? collection : `${collection}/${name}`;
  }

  /** Without a name, one is generated. */
  claim(entry: Entry, settings: Record<string, string>, metadata: object = {}): object {
    const { name, namespace, attempt } = entry;
    return {
      apiVersion: this.apiVersion,
      kind: this.api.kind,
      metadata: {
        ...(name === undefined ? { generateName: 'chaos-' } : { name }),
        namespace,
        labels: { [attemptLabel]: attempt },
        ...metadata,
      },
      spec: { parameters: { size: 'small', settings } },
    };
  }
}
