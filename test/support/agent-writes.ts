import type { ClaimApi } from './platform-api.ts';

/** Offered beforehand; the calls below are about it. */
export const offered: ClaimApi = { group: 'agent.test.example.org', kind: 'Thing', plural: 'things' };

const xrd = `x${offered.plural}.${offered.group}`;
const apiextensions = 'apiextensions.crossplane.io/v1';
const touched = { metadata: { labels: { touched: 'yes' } } };
/** Nothing answers there: what counts is the object that is written. */
const packageOf = (name: string): string => `127.0.0.1:1/agent/${name}:v1.0.0`;
const thing = { kind: offered.kind, namespace: 'default', name: 'mine' };

/** One call of each tool that writes, in an order in which each can be done, with everything that Crossplane 1.20 has for it. */
export const writes: readonly (readonly [tool: string, args: Record<string, unknown>])[] = [
  [
    'create_xrd',
    {
      group: 'made.agent.test.example.org',
      kind: 'XMade',
      plural: 'xmades',
      schema: { type: 'object', properties: { spec: { type: 'object' } } },
    },
  ],
  ['update_xrd', { name: xrd, patch: touched }],
  ['delete_xrd', { name: 'xmades.made.agent.test.example.org' }],
  [
    'create_composition',
    {
      manifest: {
        apiVersion: apiextensions,
        kind: 'Composition',
        metadata: { name: 'made' },
        spec: {
          compositeTypeRef: { apiVersion: `${offered.group}/v1`, kind: `X${offered.kind}` },
          mode: 'Resources',
          resources: [{ name: 'a', base: { apiVersion: 'v1', kind: 'ConfigMap' } }],
        },
      },
    },
  ],
  ['update_composition', { name: 'made', patch: touched }],
  [
    'create_usage',
    {
      of: { api_version: apiextensions, kind: 'Composition', name: xrd },
      reason: 'kept by a test',
      name: 'kept',
    },
  ],
  ['delete_usage', { name: 'kept' }],
  ['delete_composition', { name: 'made' }],
  ['create_environment_config', { name: 'made', data: { region: 'a' } }],
  ['update_environment_config', { name: 'made', patch: { data: { region: 'b' } } }],
  ['delete_environment_config', { name: 'made' }],
  ['create_claim', { ...thing, spec: { parameters: { size: 'small' } } }],
  ['update_claim', { ...thing, patch: { spec: { parameters: { size: 'large' } } } }],
  ['pause_resource', { ...thing, api_version: `${offered.group}/v1`, paused: true }],
  ['delete_claim', thing],
  ['install_provider', { package: packageOf('provider'), name: 'made', wait_seconds: 0 }],
  ['upgrade_package', { kind: 'Provider', name: 'made', version: 'v1.0.1', wait_seconds: 0 }],
  ['uninstall_provider', { name: 'made' }],
  ['install_configuration', { package: packageOf('configuration'), name: 'made', wait_seconds: 0 }],
  ['uninstall_configuration', { name: 'made' }],
];

/** Objects for those that read, change or delete what is there. */
export const objectsThere = [
  {
    apiVersion: 'apiextensions.crossplane.io/v1beta1',
    kind: 'EnvironmentConfig',
    metadata: { name: 'there' },
    data: { region: 'a' },
  },
  {
    apiVersion: apiextensions,
    kind: 'Composition',
    metadata: { name: 'there' },
    spec: {
      compositeTypeRef: { apiVersion: `${offered.group}/v1`, kind: `X${offered.kind}` },
      mode: 'Resources',
      resources: [{ name: 'a', base: { apiVersion: 'v1', kind: 'ConfigMap' } }],
    },
  },
  {
    apiVersion: 'apiextensions.crossplane.io/v1beta1',
    kind: 'Usage',
    metadata: { name: 'there' },
    spec: {
      of: { apiVersion: apiextensions, kind: 'Composition', resourceRef: { name: xrd } },
      reason: 'kept by a test',
    },
  },
  {
    apiVersion: `${offered.group}/v1`,
    kind: offered.kind,
    metadata: { name: 'there', namespace: 'default' },
    // Crossplane takes any that fits, and what is used cannot be deleted.
    spec: { compositionRef: { name: xrd }, parameters: { size: 'small' } },
  },
  ...['Provider', 'Configuration'].map((kind) => ({
    apiVersion: 'pkg.crossplane.io/v1',
    kind,
    metadata: { name: 'there' },
    spec: { package: packageOf(`${kind.toLowerCase()}-there`) },
  })),
];

/** The same calls, each about something that is there, so that nothing but a right is missing for the write. */
export const writesThatCould = writes.map(([tool, args]) => {
  if (/^(?:create|install)/.test(tool)) return [tool, args] as const;
  const names = JSON.stringify(args)
    .replaceAll('xmades.made.agent.test.example.org', xrd)
    .replaceAll(/"(?:made|mine|kept)"/g, '"there"')
    .replace('"large"', '"medium"');
  return [tool, JSON.parse(names) as Record<string, unknown>] as const;
});

/** They need Crossplane 2. */
export const writesOfLaterReleases: readonly (readonly [tool: string, args: Record<string, unknown>])[] = [
  ['create_operation', { name: 'made', pipeline: [{ step: 'a', function: 'function-a' }] }],
  [
    'create_cron_operation',
    { name: 'made', schedule: '0 0 * * *', pipeline: [{ step: 'a', function: 'function-a' }] },
  ],
  ['cancel_operation', { name: 'made' }],
];

/** One call of each tool that reads. */
export const reads: readonly (readonly [tool: string, args: Record<string, unknown>])[] = [
  ['list_xrds', {}],
  ['get_xrd', { name: xrd }],
  ['list_compositions', {}],
  ['get_composition', { name: xrd }],
  ['list_composition_revisions', { composition: xrd }],
  ['list_environment_configs', {}],
  ['get_environment_config', { name: 'there' }],
  ['list_claims', {}],
  ['get_claim', { ...thing, name: 'there' }],
  ['list_composite_resources', {}],
  ['get_composite_resource', { kind: `X${offered.kind}`, name: 'there' }],
  ['list_functions', {}],
  ['get_function', { name: 'there' }],
  ['list_configurations', {}],
  ['get_configuration', { name: 'there' }],
  ['list_configuration_revisions', {}],
  ['list_providers', {}],
  ['get_provider', { name: 'there' }],
  ['get_resource_tree', { ...thing, api_version: `${offered.group}/v1`, name: 'there' }],
  ['diagnose_resource', { ...thing, api_version: `${offered.group}/v1`, name: 'there' }],
  [
    'preview_impact',
    { action: 'delete', api_version: apiextensions, kind: 'CompositeResourceDefinition', name: xrd },
  ],
  [
    'diff_manifest',
    {
      manifest: {
        apiVersion: apiextensions,
        kind: 'Composition',
        metadata: { name: xrd, labels: { a: 'b' } },
      },
    },
  ],
  ['control_plane_status', {}],
  ['list_managed_resources', {}],
  ['list_stuck_deletions', {}],
  ['explain_kind', { api_version: `${offered.group}/v1`, kind: offered.kind }],
  ['list_operations', {}],
  ['get_operation_status', { name: 'there' }],
  ['list_usages', {}],
  ['get_usage', { name: 'there' }],
];
