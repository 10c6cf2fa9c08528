import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { KubeObject } from '../../src/apimachinery/objects.ts';
import { apiServicePath, namespacePath } from '../../src/clusters/api-paths.ts';
import { accessFromFile } from '../../src/clusters/cluster-access.ts';
import { KubeClient } from '../../src/clusters/kube-client.ts';
import { Transport } from '../../src/clusters/transport.ts';
import { ConnectorProcess } from '../../src/demo/connector-process.ts';
import type { LabFacts } from '../../src/demo/lab.ts';
import { applyManifests, parseManifests } from '../../src/demo/manifests.ts';
import { ProcessGuard } from '../../src/demo/process-guard.ts';
import { ConversionWebhook } from './conversion-webhook.ts';
import { type Kind, kinds } from './scenario.ts';
import { Side } from './side.ts';

export interface GroundOptions {
  facts: LabFacts;
  /** Of the API group and of all namespaces: a DNS label, so that several runs can share a lab. */
  name: string;
  /** Further flags of the connector. */
  flags?: readonly string[];
}

const xrdPath = '/apis/apiextensions.crossplane.io/v1/compositeresourcedefinitions';

/**
 * Where the oracle asks: the same CRDs on the control plane behind a connector, and on the reference cluster. On the control
 * plane an XRD without claims owns them, so that the connector takes them for claim APIs, and Crossplane, which knows
 * nothing of their kinds, changes no object behind the connector's back.
 */
export class OracleGround implements AsyncDisposable {
  readonly group: string;
  readonly namespace: string;
  readonly otherNamespace: string;
  readonly claimNamespace: string;
  readonly connector: Side;
  readonly reference: Side;
  readonly app: KubeClient;
  readonly controlPlane: KubeClient;
  readonly referenceCluster: KubeClient;
  readonly #name: string;
  readonly #guard = new ProcessGuard([]);
  #process: ConnectorProcess | undefined;
  #webhook: ConversionWebhook | undefined;

  private constructor(name: string, sides: [Side, Side], clients: [KubeClient, KubeClient, KubeClient]) {
    this.#name = name;
    this.group = `${name}.example.org`;
    this.namespace = `${name}-a`;
    this.otherNamespace = `${name}-b`;
    this.claimNamespace = `${name}-claims`;
    [this.connector, this.reference] = sides;
    [this.app, this.controlPlane, this.referenceCluster] = clients;
  }

  static async open({ facts, name, flags = [] }: GroundOptions): Promise<OracleGround> {
    const { app, 'control-plane': controlPlane, reference } = facts.clusters;
    if (!app || !controlPlane || !reference)
      throw new Error('the lab has no reference cluster: start it again by `make lab`');
    const files = [app.kubeconfig, controlPlane.kubeconfig, reference.kubeconfig];
    const clients = files.map((file) => new KubeClient(new Transport(accessFromFile(file)), 'oracle'));
    const ground = new OracleGround(
      name,
      [await Side.open('connector', app.kubeconfig), await Side.open('reference', reference.kubeconfig)],
      clients as [KubeClient, KubeClient, KubeClient],
    );
    const logDir = path.join(facts.logDir, name);
    await mkdir(logDir, { recursive: true });
    await ground.#offer();
    ground.#process = await ConnectorProcess.start({
      name: `oracle ${name}`,
      app: app.kubeconfig,
      controlPlane: controlPlane.kubeconfig,
      claimNamespace: ground.claimNamespace,
      flags: [
        `--release-name=${name}`,
        `--namespace=${name}-connector`,
        `--allow=*.${ground.group}`,
        ...flags,
      ],
      logFile: path.join(logDir, 'connector.log'),
      guard: ground.#guard,
    });
    await ground.#process.ready();
    await ground.#served();
    return ground;
  }

  async #offer(): Promise<void> {
    const text = await readFile(path.join(import.meta.dirname, 'apis.yaml'), 'utf8');
    const webhook = await ConversionWebhook.start();
    this.#webhook = webhook;
    const crds = parseManifests(
      text
        .replaceAll('GROUP', this.group)
        .replaceAll('CONVERSION_URL', webhook.url)
        .replaceAll('CONVERSION_CA', webhook.caBundle),
    );
    await Promise.all([
      ensureNamespaces(this.app, [this.namespace, this.otherNamespace, `${this.#name}-connector`]),
      ensureNamespaces(this.controlPlane, [this.claimNamespace]),
      ensureNamespaces(this.referenceCluster, [this.namespace, this.otherNamespace]),
      applyManifests(this.referenceCluster, crds),
    ]);
    const names = { kind: 'XOwner', plural: 'xowners' };
    const schema = { openAPIV3Schema: { type: 'object' } };
    const versions = [{ name: 'v1', served: true, referenceable: true, schema }];
    await applyManifests(this.controlPlane, [
      {
        apiVersion: 'apiextensions.crossplane.io/v1',
        kind: 'CompositeResourceDefinition',
        metadata: { name: `xowners.${this.group}` },
        spec: { group: this.group, names, versions },
      } as KubeObject,
    ]);
    const owner = await this.controlPlane.get<KubeObject>(`${xrdPath}/xowners.${this.group}`);
    const ownerReferences = [
      {
        apiVersion: 'apiextensions.crossplane.io/v1',
        kind: 'CompositeResourceDefinition',
        name: owner.metadata.name,
        uid: owner.metadata.uid as string,
        controller: true,
        blockOwnerDeletion: true,
      },
    ];
    await applyManifests(
      this.controlPlane,
      crds.map(({ metadata, ...crd }) => Object.assign(crd, { metadata: { ...metadata, ownerReferences } })),
    );
  }

  /** Resolves when both API servers answer for each kind in each version. */
  async #served(): Promise<void> {
    for (const client of [this.app, this.referenceCluster]) {
      for (const resource of [
        'v1/buckets',
        'v1/databases',
        'v1beta1/databases',
        'v1/networks',
        'v1/queues',
        'v1beta1/queues',
        'v1alpha1/queues',
      ]) {
        await untilServed(client, `/apis/${this.group}/${resource}?limit=1`);
      }
    }
  }

  /** Removes every object of each kind on both sides, whatever holds it. */
  async clear(touched: Iterable<Kind> = kinds): Promise<void> {
    const sides = [this.connector, this.reference];
    await Promise.all([...touched].flatMap((kind) => sides.map((side) => clearKind(side, this, kind))));
  }

  /** Ends the connector and takes its APIs out of the app cluster. The CRDs stay, for the next run on the same lab. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process?.stop();
    await this.#webhook?.[Symbol.asyncDispose]();
    await this.#guard[Symbol.asyncDispose]();
    const query = { labelSelector: `mcp-connector-k8s.io/release=${this.#name}` };
    await this.app.delete(apiServicePath(), undefined, { query });
    for (const side of [this.connector, this.reference]) side.close();
    for (const client of [this.app, this.controlPlane, this.referenceCluster])
      await client.transport[Symbol.asyncDispose]();
  }
}

async function ensureNamespaces(client: KubeClient, names: readonly string[]): Promise<void> {
  const namespaces = names.map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }));
  for (const namespace of namespaces) await client.apply(namespacePath(namespace.metadata.name), namespace);
}

async function untilServed(client: KubeClient, pathname: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await client.get(pathname);
      return;
    } catch (error) {
      if (attempt === 300) throw error;
      await delay(100);
    }
  }
}

async function clearKind(side: Side, ground: OracleGround, plural: Kind): Promise<void> {
  const base = `/apis/${ground.group}/v1`;
  for (let attempt = 1; ; attempt++) {
    const list = await side.ask({ method: 'GET', path: `${base}/${plural}` });
    const { items } = JSON.parse(list.body.toString('utf8')) as { items: KubeObject[] };
    if (items.length === 0) return;
    if (attempt === 20) throw new Error(`${side.name}: ${plural} cannot be cleared away`);
    for (const { metadata } of items) {
      const object = `${base}/namespaces/${metadata.namespace}/${plural}/${metadata.name}`;
      const headers = { 'content-type': 'application/merge-patch+json' };
      const body = { metadata: { finalizers: null } };
      if (metadata.finalizers) await side.ask({ method: 'PATCH', path: object, headers, body });
      await side.ask({ method: 'DELETE', path: `${object}?propagationPolicy=Background` });
    }
  }
}
