import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Resource } from '../../src/agent/cluster/cluster-api.ts';
import type { CustomResourceDefinition, KubeObject } from '../../src/apimachinery/objects.ts';
import { resourcePath } from '../../src/clusters/api-paths.ts';
import { isNotFound, type KubeClient } from '../../src/clusters/kube-client.ts';
import { type Lab, startLab } from '../../src/demo/lab.ts';
import { applyManifests, parseManifests } from '../../src/demo/manifests.ts';
import { crossplaneCrds } from '../clients/programs.ts';
import { eventually } from './eventually.ts';
import { plantedText } from './secret-corpus.ts';
import { group, namespace, own, type Shape, shapedObject, shapesOf } from './shaped-objects.ts';

const free = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
const strict = { fieldValidation: 'Strict' };

/** What XRDs offer, and what a provider brings. */
const offered: readonly Resource[] = [
  { group, version: 'v1', plural: 'xthings', kind: 'XThing', namespaced: false },
  { group, version: 'v1', plural: 'things', kind: 'Thing', namespaced: true },
  { group, version: 'v1', plural: 'networks', kind: 'Network', namespaced: true },
  { group, version: 'v1', plural: 'manageds', kind: 'Managed', namespaced: false },
];
const categories: Record<string, string> = { XThing: 'composite', Thing: 'claim', Network: 'composite' };

/** A real API server with the CRDs of one release of Crossplane, and no Crossplane: its work is done by hand. */
export class ShapedControlPlane implements AsyncDisposable {
  readonly client: KubeClient;
  readonly definitions: readonly CustomResourceDefinition[];
  readonly shapes: readonly Shape[];
  readonly #lab: Lab;

  private constructor(lab: Lab, definitions: CustomResourceDefinition[]) {
    this.#lab = lab;
    this.client = lab.controlPlane.client;
    this.definitions = definitions;
    this.shapes = shapesOf(definitions);
  }

  static async start(release: 'oldest' | 'newest'): Promise<ShapedControlPlane> {
    const folder = await crossplaneCrds(release);
    const files = (await readdir(folder)).filter((file) => file.endsWith('.yaml'));
    const texts = await Promise.all(files.map((file) => readFile(path.join(folder, file), 'utf8')));
    const definitions = texts.flatMap(parseManifests) as CustomResourceDefinition[];
    const lab = await startLab({ clusters: ['control-plane'], crossplane: false, log: () => undefined });
    const controlPlane = new ShapedControlPlane(lab, definitions);
    try {
      await controlPlane.define(definitions);
      return controlPlane;
    } catch (error) {
      await lab.stop();
      throw error;
    }
  }

  get kubeconfig(): string {
    return this.#lab.controlPlane.kubeconfig;
  }

  /** Each object as the API server has it. */
  rawTexts(): Promise<string[]> {
    return Promise.all(
      this.shapes.map(async ({ resource, name, namespace: of }) =>
        JSON.stringify(await this.client.get(resourcePath(resource, { namespace: of, name }))),
      ),
    );
  }

  /** Resolves once their kinds are served. */
  async define(definitions: readonly CustomResourceDefinition[]): Promise<void> {
    await applyManifests(this.client, definitions);
    for (const { spec } of definitions)
      for (const { name: version } of spec.versions.filter(({ served }) => served))
        await eventually(() =>
          this.client.get(`/apis/${spec.group}/${version}/${spec.names.plural}?limit=1`),
        );
  }

  /** Writes an object of every shape, or writes it anew, with other credentials in it each round. */
  async plant(round: number): Promise<void> {
    if (round === 0) await this.define(offered.map((one) => offeredDefinition(one)));
    for (const shape of this.shapes) await this.#write(shape, shapedObject(shape, round));
    for (const resource of offered) await this.#write(shapeOf(resource), offeredObject(resource, round));
  }

  /**
   * Does to an XRD what Crossplane does: defines the kinds that it offers and says so in its status.
   */
  async establish(name: string): Promise<void> {
    const resource = {
      group: 'apiextensions.crossplane.io',
      version: 'v1',
      plural: 'compositeresourcedefinitions',
      kind: 'CompositeResourceDefinition',
      namespaced: false,
    };
    const at = resourcePath(resource, { name });
    const { metadata, spec } = await eventually(() => this.client.get<EstablishedXrd>(at));
    const owner = {
      apiVersion: 'apiextensions.crossplane.io/v1',
      kind: resource.kind,
      name,
      uid: metadata.uid,
      controller: true,
    };
    const kinds = [
      { ...spec.names, category: 'composite', namespaced: spec.scope === 'Namespaced' },
      ...(spec.claimNames ? [{ ...spec.claimNames, category: 'claim', namespaced: true }] : []),
    ];
    await this.define(
      kinds.map(({ category, ...names }) =>
        offeredDefinition({ group: spec.group, version: 'v1', ...names }, category, owner),
      ),
    );
    await this.mark(at, ['Established', 'Offered']);
  }

  /** Sets conditions to True, once the object is there. */
  async mark(at: string, types: readonly string[]): Promise<void> {
    const lastTransitionTime = new Date().toISOString();
    const conditions = types.map((type) => ({ type, status: 'True', reason: 'ByHand', lastTransitionTime }));
    await eventually(() => this.client.patch(`${at}/status`, { status: { conditions } }));
  }

  async #write({ resource, name, namespace: of, hasStatus }: Shape, object: KubeObject): Promise<void> {
    const at = resourcePath(resource, { namespace: of, name });
    const options = { query: strict };
    const found = await this.client.get<KubeObject>(at).catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
    const { resourceVersion } = found?.metadata ?? {};
    const written = found
      ? await this.client.replace<KubeObject>(
          at,
          { ...object, metadata: { ...object.metadata, resourceVersion } },
          options,
        )
      : await this.client.create<KubeObject>(resourcePath(resource, { namespace: of }), object, options);
    if (!hasStatus) return;
    const { resourceVersion: latest } = written.metadata;
    const metadata = { ...object.metadata, resourceVersion: latest };
    await this.client.replace(`${at}/status`, { ...object, metadata }, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lab.stop();
  }
}

interface EstablishedXrd extends KubeObject {
  spec: {
    group: string;
    scope?: string;
    names: { kind: string; plural: string };
    claimNames?: { kind: string; plural: string };
  };
}

function shapeOf(resource: Resource): Shape {
  const of = resource.namespaced ? namespace : undefined;
  return { resource, name: 'thing', namespace: of, at: 1, schema: {}, hasStatus: true };
}

function offeredDefinition(
  { group: of, kind, namespaced, plural }: Resource,
  category = categories[kind] ?? 'managed',
  owner?: object,
): CustomResourceDefinition {
  const openAPIV3Schema = { type: 'object', properties: { spec: free, status: free } };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${of}`, ...(owner ? { ownerReferences: [owner] } : {}) },
    spec: {
      group: of,
      scope: namespaced ? 'Namespaced' : 'Cluster',
      names: { kind, plural, categories: [category] },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema },
          subresources: { status: {} },
        },
      ],
    },
  } as CustomResourceDefinition;
}

/** With references as the releases have them: XThing as Crossplane 1, Network as Crossplane 2. */
function offeredObject({ kind, namespaced }: Resource, round: number): KubeObject {
  const choice = {
    compositionRef: { name: 'thing-v1' },
    compositionRevisionRef: { name: 'thing-v1' },
    resourceRefs: [{ apiVersion: `${group}/v1`, kind: 'Managed', name: 'thing' }],
  };
  const references: Record<string, object> = {
    XThing: { ...choice, claimRef: { apiVersion: `${group}/v1`, kind: 'Thing', namespace, name: 'thing' } },
    Thing: {
      resourceRef: { apiVersion: `${group}/v1`, kind: 'XThing', name: 'thing' },
      writeConnectionSecretToRef: { name: 'conn' },
    },
    Network: { crossplane: choice },
  };
  const text = (words: string, at: number): string => plantedText(words, round + at);
  return {
    apiVersion: `${group}/v1`,
    kind,
    metadata: {
      name: 'thing',
      ...(namespaced ? { namespace } : {}),
      annotations: { note: text('free text', 1) },
    },
    spec: { ...own, note: text('wanted', 2), ...references[kind] },
    status: {
      ...own,
      endpoint: text('host', 3),
      conditions: [
        { type: 'Synced', status: 'True', reason: 'ReconcileSuccess' },
        { type: 'Ready', status: 'False', reason: 'Creating', message: text('cannot compose', 4) },
      ],
    },
  } as KubeObject;
}
