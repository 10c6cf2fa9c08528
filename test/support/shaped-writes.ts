import type { ShapedControlPlane } from './shaped-control-plane.ts';

type Input = Record<string, unknown>;

/** One call of a tool that writes. */
export interface ShapedWrite {
  tool: string;
  input: Input;
  /** What Crossplane would do while the tool waits for it. */
  meanwhile?: (controlPlane: ShapedControlPlane) => Promise<unknown>;
}

const made = 'made.example.org';
const apiextensions = 'apiextensions.crossplane.io';
const claim = { kind: 'Claimed', namespace: 'default', name: 'mine' };
const touched = { metadata: { labels: { touched: 'yes' } } };
const image = (name: string): string => `127.0.0.1:1/made/${name}:v1.0.0`;
const step = {
  step: 'one',
  functionRef: { name: 'thing-v1' },
  input: { apiVersion: 'f.example.org/v1', kind: 'I' },
};
const pipeline = [{ step: 'one', function: 'thing-v1', input: step.input }];
const openAPIV3Schema = {
  type: 'object',
  properties: { spec: { type: 'object', properties: { size: { type: 'string', enum: ['s', 'l'] } } } },
};
const xrd = `xclaimeds.${made}`;
const usages = `/apis/${apiextensions}`;

/** An XRD with everything that people write, of the kind that has claims. */
const legacy = {
  spec: {
    group: made,
    names: { kind: 'XClaimed', plural: 'xclaimeds', singular: 'xclaimed', shortNames: ['xc'] },
    claimNames: { kind: 'Claimed', plural: 'claimeds', categories: ['all'] },
    connectionSecretKeys: ['endpoint'],
    defaultCompositionRef: { name: 'made' },
    defaultCompositionUpdatePolicy: 'Manual',
    metadata: { labels: { team: 'a' } },
    versions: [
      {
        name: 'v1',
        served: true,
        referenceable: true,
        schema: { openAPIV3Schema },
        additionalPrinterColumns: [{ name: 'Size', type: 'string', jsonPath: '.spec.size' }],
      },
    ],
  },
};
const compositeTypeRef = { apiVersion: `${made}/v1`, kind: 'XClaimed' };
const composition = (name: string, spec: object): Input => ({
  manifest: { metadata: { name, labels: { team: 'a' } }, spec: { compositeTypeRef, ...spec } },
});
/** Of Crossplane 1: patches and transforms in their older and newer forms, and connection details. */
const resources = [
  {
    name: 'a',
    base: { apiVersion: 'v1', kind: 'ConfigMap' },
    patches: [
      {
        fromFieldPath: 'spec.size',
        toFieldPath: 'data.size',
        transforms: [{ type: 'map', map: { s: 'small' } }],
      },
      { type: 'PatchSet', patchSetName: 'all' },
    ],
    connectionDetails: [{ name: 'host', type: 'FromFieldPath', fromFieldPath: 'data.host' }],
    readinessChecks: [{ type: 'None' }],
  },
];
const patchSets = [{ name: 'all', patches: [{ fromFieldPath: 'metadata.labels' }] }];

/** What a usage's controller does. */
function ready(at: string): (controlPlane: ShapedControlPlane) => Promise<void> {
  return (controlPlane) => controlPlane.mark(at, ['Ready']);
}

/** Every tool that writes, with all that it takes, in an order in which each call can be made. */
export function shapedWrites(isNew: boolean): ShapedWrite[] {
  const usage = isNew ? '/apis/protection.crossplane.io/v1beta1/clusterusages' : `${usages}/v1alpha1/usages`;
  const of = { api_version: `${apiextensions}/v1`, kind: 'Composition', name: 'made' };
  const environment = {
    api_version: `${apiextensions}/${isNew ? 'v1beta1' : 'v1alpha1'}`,
    kind: 'EnvironmentConfig',
  };
  const version = isNew ? 'v1' : 'v1beta1';
  return [
    { tool: 'create_xrd', input: { manifest: legacy, dry_run: true } },
    { tool: 'create_xrd', input: { manifest: legacy }, meanwhile: (at) => at.establish(xrd) },
    {
      tool: 'create_xrd',
      input: { group: made, kind: 'Plain', plural: 'plains', schema: openAPIV3Schema },
      meanwhile: (at) => at.establish(`plains.${made}`),
    },
    { tool: 'update_xrd', input: { name: xrd, patch: touched } },
    { tool: 'update_xrd', input: { name: `plains.${made}`, patch: touched } },
    { tool: 'create_composition', input: composition('made', { mode: 'Pipeline', pipeline: [step] }) },
    ...(isNew
      ? []
      : [
          {
            tool: 'create_composition',
            input: composition('older', { mode: 'Resources', resources, patchSets }),
          },
        ]),
    { tool: 'update_composition', input: { name: 'made', patch: touched } },
    {
      tool: 'create_environment_config',
      input: { name: 'made', data: { a: { b: [1, 'c'] } }, labels: { d: 'e' } },
    },
    { tool: 'update_environment_config', input: { name: 'made', patch: { data: { a: null, f: true } } } },
    {
      tool: 'create_usage',
      input: {
        of,
        by: { ...environment, name: 'made' },
        reason: 'is needed',
        name: 'made',
        ...(isNew ? { replay_deletion: true } : {}),
      },
      meanwhile: ready(`${usage}/made`),
    },
    { tool: 'delete_usage', input: { name: 'made' } },
    { tool: 'delete_environment_config', input: { name: 'made' } },
    { tool: 'create_claim', input: { ...claim, spec: { size: 's' }, labels: { team: 'a' } } },
    { tool: 'update_claim', input: { ...claim, patch: { spec: { size: 'l' } } } },
    { tool: 'pause_resource', input: { ...claim, api_version: `${made}/v1`, paused: true } },
    ...(isNew
      ? [
          {
            tool: 'create_usage',
            input: {
              of: { api_version: `${made}/v1`, kind: 'Claimed', name: 'mine' },
              namespace: 'default',
              reason: 'is needed',
              name: 'made',
            },
            meanwhile: ready('/apis/protection.crossplane.io/v1beta1/namespaces/default/usages/made'),
          },
          { tool: 'delete_usage', input: { name: 'made', namespace: 'default' } },
          { tool: 'create_operation', input: { name: 'made', pipeline, retry_limit: 1, wait_seconds: 0 } },
          {
            tool: 'create_cron_operation',
            input: {
              name: 'made',
              schedule: '0 * * * *',
              pipeline,
              concurrency_policy: 'Forbid',
              successful_history_limit: 1,
              failed_history_limit: 1,
              retry_limit: 1,
            },
            meanwhile: (at: ShapedControlPlane) =>
              at.mark('/apis/ops.crossplane.io/v1alpha1/cronoperations/made', ['Scheduling']),
          },
          { tool: 'cancel_operation', input: { name: 'made' } },
          { tool: 'cancel_operation', input: { name: 'made', kind: 'CronOperation' } },
        ]
      : []),
    { tool: 'delete_claim', input: claim },
    { tool: 'delete_composition', input: { name: 'made' } },
    ...(isNew ? [] : [{ tool: 'delete_composition', input: { name: 'older' } }]),
    ...[`plains.${made}`, xrd].map((name) => ({ tool: 'delete_xrd', input: { name } })),
    {
      tool: 'install_provider',
      input: {
        package: image('provider'),
        name: 'made',
        runtime_config: 'thing-v1beta1',
        pull_secrets: ['pull'],
        revision_activation: 'Manual',
        wait_seconds: 0,
      },
    },
    {
      tool: 'install_configuration',
      input: {
        package: image('configuration'),
        name: 'made',
        pull_secrets: ['pull'],
        revision_activation: 'Manual',
        wait_seconds: 0,
      },
    },
    // What has a value in every field.
    ...['xthings.example.org', ...(isNew ? ['networks.example.org'] : [])].map((name) => ({
      tool: 'update_xrd',
      input: { name, patch: touched },
    })),
    { tool: 'update_composition', input: { name: 'thing-v1', patch: touched } },
    {
      tool: 'update_environment_config',
      input: { name: `thing-${isNew ? 'v1beta1' : 'v1alpha1'}`, patch: touched },
    },
    ...['Provider', 'Configuration'].map((kind) => ({
      tool: 'upgrade_package',
      input: { kind, name: 'made', version: 'v1.1.0', wait_seconds: 0 },
    })),
    {
      tool: 'upgrade_package',
      input: { kind: 'Function', name: `thing-${version}`, version: 'v1.1.0', wait_seconds: 0 },
    },
    { tool: 'uninstall_provider', input: { name: 'made' } },
    { tool: 'uninstall_configuration', input: { name: 'made' } },
  ];
}
