import type { Resource } from '../../src/agent/cluster/cluster-api.ts';
import type { CustomResourceDefinition, JsonSchema, KubeObject } from '../../src/apimachinery/objects.ts';
import { filledObject } from './filled-objects.ts';
import { plantedText, unshaped } from './secret-corpus.ts';

type Json = Record<string, unknown>;

/** One object of one of Crossplane's kinds, written in one of its served versions. */
export interface Shape {
  resource: Resource;
  name: string;
  namespace: string | undefined;
  /** 1 for the first of its kind, and so on. */
  at: number;
  schema: JsonSchema;
  hasStatus: boolean;
}

export const group = 'example.org';
export const namespace = 'default';
const image = 'xpkg.example.org/a/thing:v1.0.0';
const xthing = { apiVersion: `${group}/v1`, kind: 'XThing' };
const thing = { apiVersion: `${group}/v1`, kind: 'Thing' };
/** Of the kinds below, and of free fields. */
export const own = { password: unshaped, size: 'small', nested: { apiKey: unshaped } };

const pipeline = [
  {
    step: 'one',
    functionRef: { name: 'thing-v1' },
    input: { apiVersion: 'fn.example.org/v1', kind: 'Input', ...own },
    credentials: [{ source: 'Secret' }],
    // By name or by labels.
    requirements: { requiredResources: [{ matchLabels: null }] },
  },
];
const operationTemplate = { spec: { pipeline } };
const properties = {
  spec: { type: 'object', properties: { password: { type: 'string', default: unshaped } } },
  status: { type: 'object', properties: { endpoint: { type: 'string' } } },
};
const version = {
  name: 'v1',
  served: true,
  referenceable: true,
  storage: true,
  schema: { openAPIV3Schema: { type: 'object', properties } },
};

function definition(plural: string, kind: string): Json {
  const names = {
    kind,
    plural,
    singular: kind.toLowerCase(),
    listKind: `${kind}List`,
    // They cannot change: no other credential in another round.
    shortNames: [plantedText('short', 0)],
    categories: [plantedText('all', 1)],
  };
  return { group, names, conversion: { strategy: 'Webhook' }, versions: [version] };
}

/** What a person or a controller would have written where anything else would mean nothing; of fields that a release lacks, too. */
function knownSpec({ resource, at }: Shape): Json {
  const composition = {
    compositeTypeRef: xthing,
    mode: 'Pipeline',
    pipeline,
    // A Composition of Crossplane 1 has them, and ignores those of the other mode.
    resources: [
      {
        base: { stringData: { any: unshaped } },
        connectionDetails: [{ type: 'FromValue', value: unshaped }],
      },
    ],
  };
  const used = { ...(resource.namespaced ? thing : xthing), resourceRef: { name: 'thing', namespace } };
  const revision = { image, desiredState: 'Active', revision: at };
  const known: Record<string, Json> = {
    Composition: composition,
    CompositionRevision: { ...composition, revision: at },
    Usage: { of: used, by: used },
    ClusterUsage: { of: used, by: used },
    Operation: { pipeline },
    CronOperation: { schedule: '0 * * * *', operationTemplate },
    WatchOperation: { watch: xthing, operationTemplate },
    Provider: { package: image },
    Configuration: { package: image },
    Function: { package: image },
    ProviderRevision: revision,
    ConfigurationRevision: revision,
    FunctionRevision: revision,
    ManagedResourceDefinition: definition('manageds', 'Managed'),
  };
  if (resource.kind !== 'CompositeResourceDefinition') return known[resource.kind] ?? {};
  const modern = { ...definition('networks', 'Network'), scope: 'Namespaced' };
  if (resource.version === 'v2') return { ...modern, claimNames: null, connectionSecretKeys: null };
  const { names: claimNames } = definition('things', 'Thing');
  return { ...definition('xthings', 'XThing'), scope: 'LegacyCluster', claimNames };
}

/** As controllers leave it once all is well, but with words in every message. */
function knownStatus({ resource }: Shape, round: number): Json {
  const types = [
    'Ready',
    'Synced',
    'Healthy',
    'RevisionHealthy',
    'RuntimeHealthy',
    'Installed',
    'Succeeded',
    'Offered',
    'Established',
    'Scheduling',
    'Watching',
  ];
  const conditions = types.map((type, at) => ({
    type,
    status: 'True',
    message: plantedText('is well', round + at),
  }));
  const { version: of } = resource;
  return {
    conditions,
    currentRevision: `thing-${of}`,
    currentIdentifier: image,
    capabilities: ['operation'],
    objectRefs: [{ kind: 'CustomResourceDefinition', name: `manageds.${group}` }],
    pipeline: [{ step: 'one', output: own }],
  };
}

const labels = {
  team: 'a',
  password: unshaped,
  'crossplane.io/composition-name': 'thing-v1',
  'crossplane.io/composition-hash': 'f00d',
};

/** For each version that the CRDs serve, an object; of CompositionRevision at least two. */
export function shapesOf(definitions: readonly CustomResourceDefinition[]): Shape[] {
  return definitions.flatMap(({ spec }) => {
    const { group: of, names, scope } = spec;
    const served = spec.versions.filter((one) => one.served);
    if (names.kind === 'CompositionRevision' && served.length === 1) served.push(...served);
    return served.map((one, before): Shape => {
      const resource = {
        group: of,
        version: one.name,
        plural: names.plural,
        kind: names.kind,
        namespaced: scope === 'Namespaced',
      };
      const again = served.indexOf(one) < before ? '-again' : '';
      return {
        resource,
        name: nameOf(resource) ?? `thing-${one.name}${again}`,
        namespace: resource.namespaced ? namespace : undefined,
        at: before + 1,
        schema: one.schema?.openAPIV3Schema ?? {},
        hasStatus: one.subresources?.status !== undefined,
      };
    });
  });
}

/** Of kinds whose objects are not called as anybody likes. */
function nameOf({ kind, version: of }: Resource): string | undefined {
  if (kind === 'CompositeResourceDefinition') return `${of === 'v2' ? 'networks' : 'xthings'}.${group}`;
  if (kind === 'ManagedResourceDefinition') return `manageds.${group}`;
  return kind === 'Lock' ? 'lock' : undefined;
}

export function shapedObject(shape: Shape, round: number): KubeObject {
  const { name, namespace: of, resource, schema } = shape;
  const known = {
    spec: knownSpec(shape),
    status: knownStatus(shape, round),
    data: { vpc: 'vpc-1', admin: own },
    packages: [{ name: 'thing-v1', source: 'xpkg.example.org/a/thing', version: 'v1.0.0' }],
  };
  return {
    apiVersion: `${resource.group}/${resource.version}`,
    kind: resource.kind,
    metadata: {
      name,
      ...(of === undefined ? {} : { namespace: of }),
      labels: { ...labels, 'pkg.crossplane.io/package': `thing-${resource.version}` },
      annotations: {
        note: plantedText('free text', round),
        'kubectl.kubernetes.io/last-applied-configuration': `{"spec":{"password":"${unshaped}"}}`,
      },
    },
    // Other credentials in each version: what differs between revisions is shown.
    ...filledObject(schema, known, round + shape.at),
  };
}
