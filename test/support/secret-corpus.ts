import { shapedSecrets } from './planted-secrets.ts';

type Json = Record<string, unknown>;

/** Stands where only a name or a place says that it is a credential. */
export const unshaped = 'hunter2';

/** What must be in no answer, whole or cut off. */
export const needles: readonly string[] = [unshaped, ...Object.values(shapedSecrets).map(needleOf)];

/** Read by programs, and of forms that have no room for a credential. */
const structural = new Set([
  'apiVersion',
  'kind',
  'name',
  'namespace',
  'plural',
  'group',
  'type',
  'status',
  'mode',
  'state',
  'scope',
  'uid',
  'resourceVersion',
  'creationTimestamp',
  'package',
  'desiredState',
  'schedule',
  'image',
  'version',
  'capabilities',
  'pkg.crossplane.io/package',
]);

/** Whether a field of this name has no room for a credential. */
export function isStructural(field: string): boolean {
  return structural.has(field);
}

const group = 'example.org';
const ready = ['Ready', 'Synced', 'Healthy', 'Installed', 'Succeeded', 'Offered'].map((type) => ({
  type,
  status: type === 'Ready' ? 'False' : 'True',
  reason: 'Reason',
  message: 'cannot compose',
}));
const conditions = [
  ...ready,
  { type: 'Established', status: 'True', reason: 'Watching', message: 'is served' },
];
const pipeline = [
  {
    step: 'one',
    functionRef: { name: 'thing' },
    input: {
      apiVersion: 'fn.example.org/v1',
      kind: 'Input',
      password: unshaped,
      inline: {
        template: `apiVersion: v1\nkind: Secret\nmetadata:\n  name: x\nstringData:\n  any: ${unshaped}\n`,
      },
      resources: [{ base: { apiVersion: 'v1', kind: 'Secret', data: { any: unshaped } } }],
    },
    credentials: [{ name: 'c', source: 'Secret', secretRef: { name: 's', namespace: 'n' } }],
  },
];
const resources = [
  {
    name: 'instance',
    base: { apiVersion: 'v1', kind: 'Secret', stringData: { any: unshaped } },
    connectionDetails: [{ name: 'user', type: 'FromValue', value: unshaped }],
    patches: [{ fromFieldPath: 'spec.a', toFieldPath: 'spec.b', transforms: [{ string: { fmt: 'a' } }] }],
  },
];
const schema = {
  type: 'object',
  description: 'An API.',
  properties: {
    spec: {
      type: 'object',
      description: 'What is wanted.',
      properties: {
        password: { type: 'string', default: unshaped, enum: [unshaped], description: 'Secret.' },
        size: { type: 'string', default: 'small', enum: ['small'], pattern: 'x', description: 'How much.' },
      },
    },
  },
};
const compositeTypeRef = { apiVersion: `${group}/v1`, kind: 'XThing' };
const reference = { apiVersion: `${group}/v1`, kind: 'XThing', resourceRef: { name: 'thing' } };
const usage = {
  spec: { of: reference, by: reference, reason: 'is needed' },
  status: { conditions: [{ type: 'Ready', status: 'True', reason: 'Available' }] },
};
const crossplaneRef = { compositionRef: { name: 'thing' }, compositionRevisionRef: { name: 'thing' } };
const own = { password: unshaped, size: 'small', nested: { note: 'free text', apiKey: unshaped } };

/** By kind: what stands beside metadata. Every text gets a credential behind it, but for those that are structural. */
const bodies: Record<string, Json> = {
  CompositeResourceDefinition: {
    spec: {
      group,
      names: { kind: 'XThing', plural: 'xthings' },
      claimNames: { kind: 'Thing', plural: 'things' },
      defaultCompositionRef: { name: 'thing' },
      versions: [{ name: 'v1', served: true, referenceable: true, schema: { openAPIV3Schema: schema } }],
    },
  },
  Composition: { spec: { compositeTypeRef, mode: 'Pipeline', pipeline, resources } },
  CompositionRevision: { spec: { compositeTypeRef, mode: 'Pipeline', pipeline, resources, revision: 1 } },
  EnvironmentConfig: { data: { vpc: 'vpc-1', admin: own } },
  Usage: usage,
  ClusterUsage: usage,
  Operation: {
    spec: { mode: 'Pipeline', pipeline },
    status: { pipeline: [{ step: 'one', output: { note: 'done', token: unshaped } }] },
  },
  CronOperation: {
    spec: { schedule: '0 * * * *', operationTemplate: { spec: { mode: 'Pipeline', pipeline } } },
  },
  WatchOperation: {
    spec: { watch: compositeTypeRef, operationTemplate: { spec: { mode: 'Pipeline', pipeline } } },
  },
  Provider: {
    spec: { package: 'xpkg.example.org/a/thing:v1.0.0', packagePullSecrets: [{ name: 'p' }] },
    status: { currentRevision: 'thing' },
  },
  Configuration: {
    spec: { package: 'xpkg.example.org/a/thing:v1.0.0' },
    status: { currentRevision: 'thing' },
  },
  Function: { spec: { package: 'xpkg.example.org/a/thing:v1.0.0' }, status: { currentRevision: 'thing' } },
  ...Object.fromEntries(
    ['ProviderRevision', 'ConfigurationRevision', 'FunctionRevision'].map((kind) => [
      kind,
      {
        spec: { image: 'xpkg.example.org/a/thing:v1.0.0', desiredState: 'Active', revision: 1 },
        status: {
          objectRefs: [{ apiVersion: 'v1', kind: 'X', name: 'x' }],
          installedDependencies: 1,
          foundDependencies: 1,
          capabilities: ['operation'],
        },
      },
    ]),
  ),
  Lock: {
    packages: [
      {
        name: 'thing',
        type: 'Provider',
        source: 'xpkg.example.org/a/thing',
        version: 'v1.0.0',
        dependencies: [],
      },
    ],
  },
  DeploymentRuntimeConfig: {
    spec: {
      deploymentTemplate: {
        spec: {
          template: {
            spec: {
              containers: [
                { name: 'c', args: ['--x', `--token=${unshaped}`], env: [{ name: 'USER', value: unshaped }] },
              ],
            },
          },
        },
      },
    },
  },
  ManagedResourceDefinition: {
    spec: { group, names: { kind: 'Managed', plural: 'manageds' }, state: 'Active' },
  },
  ManagedResourceActivationPolicy: { spec: { activate: ['*'] } },
  XThing: {
    spec: {
      ...own,
      ...crossplaneRef,
      claimRef: { apiVersion: `${group}/v1`, kind: 'Thing', name: 'thing', namespace: 'ns' },
      resourceRefs: [{ apiVersion: `${group}/v1`, kind: 'Managed', name: 'thing' }],
    },
    status: { endpoint: 'host', secret: unshaped },
  },
  Thing: {
    spec: {
      ...own,
      resourceRef: { apiVersion: `${group}/v1`, kind: 'XThing', name: 'thing' },
      writeConnectionSecretToRef: { name: 'conn' },
    },
    status: { endpoint: 'host' },
  },
  Managed: {
    spec: { forProvider: own, providerConfigRef: { name: 'default' } },
    status: { atProvider: { ...own, endpoint: 'host' } },
  },
  Secret: { type: 'Opaque', data: { any: unshaped } },
  Event: {
    involvedObject: { kind: 'XThing', name: 'thing' },
    type: 'Warning',
    reason: 'Failed',
    message: 'it failed',
    lastTimestamp: '2026-01-01T00:00:00Z',
  },
  Deployment: {
    spec: {
      template: {
        spec: {
          containers: [
            {
              name: 'crossplane',
              image: 'x:v1.20.0',
              args: ['core', 'start', '--x'],
              env: [{ name: 'A', value: unshaped }],
            },
          ],
        },
      },
    },
  },
  CustomResourceDefinition: {
    spec: {
      group,
      scope: 'Cluster',
      names: { kind: 'XThing', plural: 'xthings' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
    },
  },
};

interface ServedKind {
  kind: string;
  group: string;
  version: string;
  plural: string;
  namespaced: boolean;
  categories: string[];
}

export const servedKinds: readonly ServedKind[] = [
  ...served('apiextensions.crossplane.io', 'v1', [
    'CompositeResourceDefinition',
    'Composition',
    'CompositionRevision',
  ]),
  ...served('apiextensions.crossplane.io', 'v1beta1', ['EnvironmentConfig', 'Usage']),
  ...served('apiextensions.crossplane.io', 'v1alpha1', ['ManagedResourceDefinition']),
  ...served('protection.crossplane.io', 'v1beta1', ['ClusterUsage']),
  ...served('ops.crossplane.io', 'v1alpha1', ['Operation', 'CronOperation', 'WatchOperation']),
  ...served('pkg.crossplane.io', 'v1', [
    'Provider',
    'ProviderRevision',
    'Configuration',
    'ConfigurationRevision',
    'Function',
    'FunctionRevision',
  ]),
  ...served('pkg.crossplane.io', 'v1beta1', ['Lock', 'DeploymentRuntimeConfig']),
  ...served(group, 'v1', ['XThing'], { categories: ['composite'] }),
  ...served(group, 'v1', ['Thing'], { categories: ['claim'], namespaced: true }),
  ...served(group, 'v1', ['Managed'], { categories: ['managed'] }),
  ...served('', 'v1', ['Secret', 'Event'], { namespaced: true }),
  ...served('apps', 'v1', ['Deployment'], { namespaced: true }),
  ...served('apiextensions.k8s.io', 'v1', ['CustomResourceDefinition']),
];

function served(of: string, version: string, kinds: string[], more: Partial<ServedKind> = {}): ServedKind[] {
  return kinds.map((kind) => ({
    kind,
    group: of,
    version,
    plural: `${kind.toLowerCase()}s`,
    namespaced: false,
    categories: [],
    ...more,
  }));
}

/** An object of the kind with a credential in every text that may hold any; which one changes with `round`. */
export function plantedObject(
  { kind, group: of, version, namespaced }: ServedKind,
  name: string,
  round: number,
): Json {
  const status = { conditions, ...(bodies[kind]?.['status'] as object | undefined) };
  return plant(
    {
      apiVersion: of === '' ? version : `${of}/${version}`,
      kind,
      metadata: {
        name,
        ...(namespaced ? { namespace: 'ns' } : {}),
        uid: '3f2c1b7e-8a31-4a5b-9f7e-1c9d0e5b7a11',
        resourceVersion: '1',
        creationTimestamp: '2026-01-01T00:00:00Z',
        labels: { team: 'a', password: unshaped, 'pkg.crossplane.io/package': 'thing' },
        annotations: {
          note: 'free text',
          'kubectl.kubernetes.io/last-applied-configuration': `{"spec":{"password":"${unshaped}"}}`,
        },
        managedFields: [{ manager: 'm' }],
      },
      ...bodies[kind],
      status,
    },
    round,
  );
}

/** The OpenAPI document of the group, for who explains a kind. */
export function plantedDocument(round: number): Json {
  const gvk = [{ group, version: 'v1', kind: 'XThing' }];
  const schemas = { 'org.example.v1.XThing': { ...schema, 'x-kubernetes-group-version-kind': gvk } };
  return plant({ components: { schemas } }, round);
}

/** A text of an error or an event. */
export function plantedText(text: string, round: number): string {
  return plant({ message: text }, round)['message'] as string;
}

function plant(object: Json, round: number): Json {
  const shapes = Object.values(shapedSecrets);
  let leaf = round;
  const walk = (value: unknown, key: string): unknown => {
    if (typeof value === 'string') {
      if (structural.has(key) || value === unshaped || value.includes('\n')) return value;
      return `${value} ${shapes[leaf++ % shapes.length]}`;
    }
    if (Array.isArray(value)) return value.map((item) => walk(item, key));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, child]) => [name, walk(child, name)]));
  };
  return walk(object, '') as Json;
}

/** Of a credential, what nobody could do without: its middle, so that one that was cut off counts, too. */
function needleOf(secret: string): string {
  const known = /MIIEowIBAAKC|Tr0ub4dor|AccountKey=(\w{12})|Bearer (\w{10})/.exec(secret);
  if (known) return known[1] ?? known[2] ?? known[0];
  return secret.length < 16 ? secret : secret.slice(6, 16);
}
