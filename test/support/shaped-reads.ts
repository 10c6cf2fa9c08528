import { allTools } from '../../src/agent/tools/all-tools.ts';
import { unshaped } from './secret-corpus.ts';
import { group, namespace, type Shape } from './shaped-objects.ts';

type Input = Record<string, unknown>;
type Read = readonly [tool: string, input: Input];

const someFields = ['spec', 'status', 'metadata', 'data', 'spec.password'];

/** Every tool that reads, about every object that it can be asked about, at every level of detail. */
export function shapedReads(shapes: readonly Shape[]): Read[] {
  const of = (kind: string, tool: string, more: Input = {}): Read[] =>
    shapes.flatMap(({ resource, name }) => (resource.kind === kind ? [[tool, { name, ...more }]] : []));
  const operations = ['Operation', 'CronOperation', 'WatchOperation'];
  const reads: Read[] = [
    ...['xrds', 'compositions', 'providers', 'configurations', 'functions', 'environment_configs'].map(
      (what): Read => [`list_${what}`, {}],
    ),
    ...of('CompositeResourceDefinition', 'get_xrd'),
    ...of('Composition', 'get_composition'),
    ['list_composition_revisions', { composition: 'thing-v1' }],
    ['list_composition_revisions', { composition: 'thing-v1', diff: [1, 2] }],
    ...of('Provider', 'get_provider'),
    ...of('Configuration', 'get_configuration'),
    ['list_configuration_revisions', {}],
    ...of('Configuration', 'list_configuration_revisions').map(([tool, { name }]): Read => [
      tool,
      { configuration: name },
    ]),
    ...of('Function', 'get_function'),
    ...of('EnvironmentConfig', 'get_environment_config'),
    ...(shapes.some(({ resource }) => resource.kind === 'Operation')
      ? [['list_operations', {}] as const, ...operations.map((kind): Read => ['list_operations', { kind }])]
      : []),
    ...operations.flatMap((kind) => of(kind, 'get_operation_status', { kind })),
    ['list_usages', {}],
    ...shapes.flatMap((shape): Read[] => {
      const { kind, group: its } = shape.resource;
      if (kind !== 'Usage' && kind !== 'ClusterUsage') return [];
      const known = kind === 'Usage' && its !== 'protection.crossplane.io' ? 'LegacyUsage' : kind;
      return [['get_usage', { name: shape.name, kind: known }]];
    }),
    ['get_usage', { of: { api_version: `${group}/v1`, kind: 'XThing', name: 'thing' } }],
    ['list_claims', {}],
    ['get_claim', { kind: 'Thing', namespace, name: 'thing' }],
    ['list_composite_resources', {}],
    ['get_composite_resource', { kind: 'XThing', name: 'thing' }],
    ['get_composite_resource', { kind: 'Network', namespace, name: 'thing' }],
    ['control_plane_status', {}],
    ['list_managed_resources', {}],
    ['list_managed_resources', { unhealthy: true }],
    ['list_stuck_deletions', {}],
    ...shapes.flatMap(aboutAnything),
    ...['XThing', 'Managed'].flatMap((kind) => offered(kind)),
    ...['Thing', 'Network'].flatMap((kind) => offered(kind, namespace)),
  ];
  return reads.flatMap(([tool, input]) => levels(tool, input));
}

/** Calls that fail, some of them by what the API server says of a credential in the wrong place. */
export function failingReads(secret: string): Read[] {
  const selected: Read[] = ['list_xrds', 'list_claims'].map((tool) => [
    tool,
    { label_selector: `password=${secret}!` },
  ]);
  // By itself nothing says that it is one.
  if (secret === unshaped) return selected;
  const apiVersion = 'apiextensions.crossplane.io/v1';
  const kind = 'Composition';
  const name = 'thing-v1';
  const labels = { team: `${secret}!` };
  return [
    ...selected,
    ['get_composition', { name: secret }],
    ['get_provider', { name: 'absent', detail: secret }],
    ['get_claim', { kind: secret, namespace, name: 'thing' }],
    ['get_xrd', { name: `xthings.${group}`, version: secret }],
    ['explain_kind', { api_version: apiVersion, kind, path: secret }],
    ['diagnose_resource', { api_version: apiVersion, kind: secret, name }],
    ['diff_manifest', { manifest: { apiVersion, kind, metadata: { name, labels } } }],
    [
      'diff_manifest',
      {
        manifest: { apiVersion, kind, metadata: { name }, spec: { mode: secret, compositeTypeRef: secret } },
      },
    ],
    ['list_environment_configs', { cursor: secret }],
  ];
}

/** Tools that take an object of any kind. */
function aboutAnything({ name, namespace: of, resource }: Shape): Read[] {
  const { kind, group: its, version } = resource;
  const object = {
    api_version: `${its}/${version}`,
    kind,
    name,
    ...(of === undefined ? {} : { namespace: of }),
  };
  const metadata = { name, ...(of === undefined ? {} : { namespace: of }), labels: { other: 'yes' } };
  return [
    ['diagnose_resource', object],
    ['preview_impact', { ...object, action: 'delete' }],
    ['preview_impact', { ...object, action: 'update' }],
    ['diff_manifest', { manifest: { apiVersion: object.api_version, kind, metadata } }],
    ['explain_kind', { api_version: object.api_version, kind, depth: 6 }],
  ];
}

function offered(kind: string, of?: string): Read[] {
  const resource = {
    group,
    version: 'v1',
    kind,
    plural: `${kind.toLowerCase()}s`,
    namespaced: of !== undefined,
  };
  const shape = { resource, name: 'thing', namespace: of, at: 1, schema: {}, hasStatus: true };
  const object = {
    api_version: `${group}/v1`,
    kind,
    name: 'thing',
    ...(of === undefined ? {} : { namespace: of }),
  };
  return [...aboutAnything(shape), ['get_resource_tree', object]];
}

function levels(name: string, input: Input): Read[] {
  const shape = allTools.find((tool) => tool.name === name)?.input.shape ?? {};
  return [
    [name, input],
    ...('detail' in shape ? [[name, { ...input, detail: 'full' }] as const] : []),
    ...('fields' in shape ? [[name, { ...input, fields: someFields }] as const] : []),
  ];
}
