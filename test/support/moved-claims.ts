import { spawn } from 'node:child_process';
import path from 'node:path';
import type {
  Condition,
  KubeList,
  KubeObject,
  ObjectReference,
  Secret,
} from '../../src/apimachinery/objects.ts';
import { secretPath } from '../../src/clusters/api-paths.ts';
import { isNotFound } from '../../src/clusters/kube-client.ts';
import { eventually } from './eventually.ts';
import type { ClaimApi } from './platform-api.ts';
import type { GroundCluster } from './test-ground.ts';

export interface StoredClaim extends KubeObject {
  spec: {
    resourceRef?: { name: string };
    writeConnectionSecretToRef?: { name: string };
    parameters: { size: string; settings?: unknown };
  };
  status?: { conditions?: Condition[]; instance?: string };
}

interface Composite extends KubeObject {
  spec: { claimRef: ObjectReference; resourceRefs: ObjectReference[] };
}

/** What must be the same before and after a move, of one claim. */
export interface Infrastructure {
  composite: { name: string; uid: string };
  /** `<name> <uid> <generation>` of each composed resource. */
  composed: string[];
}

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

const main = path.resolve(import.meta.dirname, '../../src/main.ts');

/** Claims on a control plane as they lie there, and what is behind them. */
export class StoredClaims {
  readonly cluster: GroundCluster;
  readonly #api: ClaimApi;

  constructor(cluster: GroundCluster, api: ClaimApi) {
    this.cluster = cluster;
    this.#api = api;
  }

  get resource(): string {
    return `${this.#api.plural}.${this.#api.group}`;
  }

  path(namespace: string, name?: string): string {
    const { group, plural } = this.#api;
    return `/apis/${group}/v1/namespaces/${namespace}/${plural}${name === undefined ? '' : `/${name}`}`;
  }

  async create(
    namespace: string,
    name: string,
    change: { metadata?: object; spec?: object } = {},
  ): Promise<StoredClaim> {
    const { group, kind } = this.#api;
    return await this.cluster.client.create<StoredClaim>(this.path(namespace), {
      apiVersion: `${group}/v1`,
      kind,
      metadata: { name, ...change.metadata },
      spec: {
        parameters: { size: 'small', password: `secret-of-${name}` },
        writeConnectionSecretToRef: { name: `${name}-connection` },
        ...change.spec,
      },
    });
  }

  read(namespace: string, name: string): Promise<StoredClaim> {
    return this.cluster.client.get<StoredClaim>(this.path(namespace, name));
  }

  async find(namespace: string, name: string): Promise<StoredClaim | undefined> {
    try {
      return await this.read(namespace, name);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async names(namespace: string): Promise<string[]> {
    const { items } = await this.cluster.client.get<KubeList<StoredClaim>>(this.path(namespace));
    return items.map(({ metadata }) => metadata.name).toSorted();
  }

  /**
   * Resolves when Crossplane has made all of it, the connection Secret included. A claim controller that has missed the
   * XR kind at its start looks at a claim once a minute only: the claim is touched, so that it looks again.
   */
  async ready(namespace: string, name: string): Promise<StoredClaim> {
    let touchedAt = Date.now();
    return await eventually(
      async () => {
        const claim = await this.read(namespace, name);
        const isMissing = ['Synced', 'Ready'].find(
          (type) => !claim.status?.conditions?.some((one) => one.type === type && one.status === 'True'),
        );
        if (isMissing && Date.now() - touchedAt > 10_000) {
          touchedAt = Date.now();
          for (const value of ['now', null])
            await this.annotate(namespace, name, { 'test.k8s.io/touched': value });
        }
        if (isMissing) throw new Error(`${namespace}/${name} is not ${isMissing}`);
        const secret = claim.spec.writeConnectionSecretToRef?.name;
        if (secret !== undefined) await this.cluster.client.get(secretPath(namespace, secret));
        return claim;
      },
      { everyMs: 250, timeoutMs: 180_000 },
    );
  }

  async annotate(namespace: string, name: string, annotations: Record<string, string | null>): Promise<void> {
    await this.cluster.client.patch(this.path(namespace, name), { metadata: { annotations } });
  }

  async composite(name: string): Promise<Composite> {
    const { group, plural } = this.#api;
    return await this.cluster.client.get<Composite>(`/apis/${group}/v1/x${plural}/${name}`);
  }

  async composites(): Promise<Composite[]> {
    const { group, plural } = this.#api;
    return (await this.cluster.client.get<KubeList<Composite>>(`/apis/${group}/v1/x${plural}`)).items;
  }

  async infrastructure(namespace: string, name: string): Promise<Infrastructure> {
    const claim = await this.read(namespace, name);
    const { metadata, spec } = await this.composite(claim.spec.resourceRef?.name ?? '');
    const instances = await Promise.all(
      spec.resourceRefs.map((reference) =>
        this.cluster.client.get<KubeObject>(`/apis/infra.${this.#api.group}/v1/instances/${reference.name}`),
      ),
    );
    return {
      composite: { name: metadata.name, uid: metadata.uid ?? '' },
      composed: instances.map(({ metadata: one }) => `${one.name} ${one.uid} ${one.generation}`),
    };
  }

  async secret(namespace: string, name: string): Promise<Secret | undefined> {
    try {
      return await this.cluster.client.get<Secret>(secretPath(namespace, name));
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }
}

/** `mcp-connector` as a process of its own; `onStart` may kill it. */
export async function runCli(args: readonly string[], onStart?: (kill: () => void) => void): Promise<Ended> {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  onStart?.(() => void child.kill('SIGKILL'));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { code, stdout, stderr };
}
