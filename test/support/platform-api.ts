import type { CustomResourceDefinition, JsonSchema, KubeObject } from '../../src/apimachinery/objects.ts';
import { crdPath } from '../../src/clusters/api-paths.ts';
import { isNotFound, type KubeClient } from '../../src/clusters/kube-client.ts';
import { applyManifests } from '../../src/demo/manifests.ts';
import { applyPlatform } from '../../src/demo/platform.ts';
import { eventually } from './eventually.ts';

/** A claim API that a platform team offers; Crossplane makes the XR kind `X<kind>` and the claim kind of it. */
export interface ClaimApi {
  group: string;
  kind: string;
  /** Lower case. */
  plural: string;
  /** Served versions; claims are stored in the first. `v1` when left out. */
  versions?: readonly string[];
  /** Of `spec.parameters`, beside `size`, `password` and `settings`. */
  parameters?: Record<string, JsonSchema>;
}

const xrdBase = '/apis/apiextensions.crossplane.io/v1/compositeresourcedefinitions';
const compositionBase = '/apis/apiextensions.crossplane.io/v1/compositions';

/** Description of `spec.parameters.size`, for `kubectl explain`. */
export const sizeDescription = 'How much of everything it gets.';
/** Values of the connection secret that no claim decides. */
export const fixedDetails = { endpoint: 'claim.example.org:5432', username: 'owner' };

export function claimCrdName({ group, plural }: ClaimApi): string {
  return `${plural}.${group}`;
}

function xrdName({ group, plural }: ClaimApi): string {
  return `x${plural}.${group}`;
}

/** Cluster-scoped objects that stand for the cloud: behind every XR is one `Instance` of the group `infra.<group>`, which no provider works on. */
function instanceCrd({ group }: ClaimApi): KubeObject {
  const schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  const spec = {
    group: `infra.${group}`,
    scope: 'Cluster',
    names: {
      kind: 'Instance',
      plural: 'instances',
      singular: 'instance',
      listKind: 'InstanceList',
      categories: ['managed'],
    },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
  };
  const metadata = { name: `instances.infra.${group}` };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata,
    spec,
  } as KubeObject;
}

function xrdOf(api: ClaimApi): KubeObject {
  const { group, kind, plural, versions = ['v1'], parameters = {} } = api;
  const properties = {
    size: { type: 'string', description: sizeDescription, enum: ['small', 'medium', 'large'] },
    password: { type: 'string' },
    settings: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    ...parameters,
  };
  const openAPIV3Schema = {
    type: 'object',
    properties: {
      spec: {
        type: 'object',
        required: ['parameters'],
        properties: { parameters: { type: 'object', required: ['size'], properties } },
      },
      status: {
        type: 'object',
        properties: { instance: { type: 'string' }, note: { type: 'string' } },
      },
    },
  };
  const spec = {
    group,
    names: { kind: `X${kind}`, plural: `x${plural}` },
    claimNames: { kind, plural },
    connectionSecretKeys: ['endpoint', 'username', 'password'],
    versions: versions.map((name, at) => ({
      name,
      served: true,
      referenceable: at === 0,
      additionalPrinterColumns: [{ name: 'Size', type: 'string', jsonPath: '.spec.parameters.size' }],
      schema: { openAPIV3Schema },
    })),
  };
  const apiVersion = 'apiextensions.crossplane.io/v1';
  return {
    apiVersion,
    kind: 'CompositeResourceDefinition',
    metadata: { name: xrdName(api) },
    spec,
  } as KubeObject;
}

/** Ready at once; the claim decides the password of its connection secret. */
function compositionOf(api: ClaimApi): KubeObject {
  const { group, kind, versions = ['v1'] } = api;
  const spec = {
    compositeTypeRef: { apiVersion: `${group}/${versions[0]}`, kind: `X${kind}` },
    writeConnectionSecretsToNamespace: 'crossplane-system',
    mode: 'Resources',
    resources: [
      {
        name: 'instance',
        base: { apiVersion: `infra.${group}/v1`, kind: 'Instance', spec: {} },
        patches: [
          { fromFieldPath: 'spec.parameters', toFieldPath: 'spec.parameters' },
          { type: 'ToCompositeFieldPath', fromFieldPath: 'metadata.name', toFieldPath: 'status.instance' },
        ],
        connectionDetails: [
          ...Object.entries(fixedDetails).map(([name, value]) => ({ name, type: 'FromValue', value })),
          { name: 'password', type: 'FromFieldPath', fromFieldPath: 'spec.parameters.password' },
        ],
        readinessChecks: [{ type: 'None' }],
      },
    ],
  };
  const apiVersion = 'apiextensions.crossplane.io/v1';
  return { apiVersion, kind: 'Composition', metadata: { name: xrdName(api) }, spec } as KubeObject;
}

/**
 * Server-side apply of an XRD and its Composition on the control plane, also over those of an earlier call. Resolves
 * when the control plane serves the claims.
 */
export async function offerApi(controlPlane: KubeClient, api: ClaimApi): Promise<void> {
  await applyPlatform(controlPlane, [instanceCrd(api), xrdOf(api), compositionOf(api)]);
  await established(controlPlane, claimCrdName(api));
  await eventually(() => eachResource(controlPlane, api, api.plural));
}

async function established(client: KubeClient, name: string): Promise<void> {
  await eventually(async () => {
    const crd = await client.get<CustomResourceDefinition>(crdPath(name));
    const condition = crd.status?.conditions?.find(({ type }) => type === 'Established');
    if (condition?.status !== 'True') throw new Error(`${name} is not Established`);
  });
}

/** Throws unless the cluster serves the kind in each of its versions. */
async function eachResource(
  client: KubeClient,
  { group, versions = ['v1'] }: ClaimApi,
  plural: string,
): Promise<void> {
  for (const version of versions) {
    const { resources } = await client.get<{ resources: { name: string }[] }>(`/apis/${group}/${version}`);
    if (!resources.some(({ name }) => name === plural))
      throw new Error(`${group}/${version} has no ${plural}`);
  }
}

/** The CRD of a kind `Other` that has this singular: no other kind of its group that wants it is served beside it. */
export function otherKind(group: string, singular: string): KubeObject {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `others.${group}` },
    spec: {
      group,
      scope: 'Cluster',
      names: { kind: 'Other', plural: 'others', singular },
      versions: [
        { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } },
      ],
    },
  } as KubeObject;
}

/**
 * An XRD, of claims `ghosts`, that is never offered, until it is disposed of: another kind of its group has the singular that its claims
 * would need.
 */
export async function offerNothing(controlPlane: KubeClient, group: string): Promise<AsyncDisposable> {
  const definition = xrdOf({ group, kind: 'Ghost', plural: 'ghosts' });
  const other = otherKind(group, 'ghost');
  await applyManifests(controlPlane, [other]);
  await established(controlPlane, other.metadata.name);
  await applyManifests(controlPlane, [definition]);
  return {
    [Symbol.asyncDispose]: async () => {
      await deleteIfThere(controlPlane, `${xrdBase}/${definition.metadata.name}`);
      await deleteIfThere(controlPlane, crdPath(other.metadata.name));
    },
  };
}

/** Before the XRD goes: Crossplane cannot end a claim whose XR kind it has removed. */
export async function deleteClaims(
  controlPlane: KubeClient,
  api: ClaimApi,
  namespace: string,
): Promise<void> {
  const path = `/apis/${api.group}/${api.versions?.[0] ?? 'v1'}/namespaces/${namespace}/${api.plural}`;
  await deleteIfThere(controlPlane, path);
  await eventually(async () => {
    const { items } = await controlPlane.get<{ items: unknown[] }>(path).catch(noneIfNotServed);
    if (items.length > 0) throw new Error(`${items.length} claims are left in ${namespace}`);
  });
}

function noneIfNotServed(error: unknown): { items: unknown[] } {
  if (isNotFound(error)) return { items: [] };
  throw error;
}

/** Deletes XRD, Composition and the kind behind them; Crossplane and the control plane finish it on their own. */
export async function withdrawApi(controlPlane: KubeClient, api: ClaimApi): Promise<void> {
  await deleteIfThere(controlPlane, `${xrdBase}/${xrdName(api)}`);
  await deleteIfThere(controlPlane, `${compositionBase}/${xrdName(api)}`);
  await deleteIfThere(controlPlane, crdPath(`instances.infra.${api.group}`));
}

/** Names of the XRDs of a group and of the groups below it. */
export async function xrdsBelow(controlPlane: KubeClient, group: string): Promise<ClaimApi[]> {
  const { items } = await controlPlane.get<{
    items: {
      spec: {
        group: string;
        claimNames: { kind: string; plural: string };
        versions: { name: string; referenceable: boolean }[];
      };
    }[];
  }>(xrdBase);
  return items
    .filter(({ spec }) => spec.group === group || spec.group.endsWith(`.${group}`))
    .map(({ spec: { group: own, claimNames, versions } }) => ({
      group: own,
      kind: claimNames.kind,
      plural: claimNames.plural,
      versions: versions
        .toSorted((a, b) => Number(b.referenceable) - Number(a.referenceable))
        .map(({ name }) => name),
    }));
}

export async function deleteIfThere(client: KubeClient, path: string): Promise<void> {
  try {
    await client.delete(path);
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
