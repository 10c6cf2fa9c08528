import type { CrossplaneKind } from './kind-directory.ts';

interface KindFacts {
  group: string;
  kind: string;
  plural: string;
  /** Best first; a version that is served and not named here comes after them. */
  prefer: readonly string[];
  /** Why a Crossplane that is there does not serve it. */
  absent?: string;
}

const apiextensions = 'apiextensions.crossplane.io';
const protection = 'protection.crossplane.io';
const ops = 'ops.crossplane.io';
const pkg = 'pkg.crossplane.io';

const fromVersion2 = 'it is part of Crossplane 2.0 and later';

/**
 * What the tools know of Crossplane's own kinds, of 1.14 to 2.x. Which of the versions is used is decided by discovery alone:
 * the first of `prefer` that is served. An XRD is read in v2 and may have to be written in v1, which alone takes claims
 * (tools/xrd/xrd-version.ts). The CRDs of a feature are there while it is off: `feature_off` is found out elsewhere.
 */
export const crossplaneKinds: Readonly<Record<CrossplaneKind, KindFacts>> = {
  CompositeResourceDefinition: entry(
    apiextensions,
    'CompositeResourceDefinition',
    'compositeresourcedefinitions',
    ['v2', 'v1'],
  ),
  Composition: entry(apiextensions, 'Composition', 'compositions', ['v1']),
  CompositionRevision: entry(apiextensions, 'CompositionRevision', 'compositionrevisions', ['v1', 'v1beta1']),
  EnvironmentConfig: entry(apiextensions, 'EnvironmentConfig', 'environmentconfigs', ['v1beta1', 'v1alpha1']),
  LegacyUsage: entry(apiextensions, 'Usage', 'usages', ['v1beta1', 'v1alpha1']),
  Usage: entry(protection, 'Usage', 'usages', ['v1beta1'], fromVersion2),
  ClusterUsage: entry(protection, 'ClusterUsage', 'clusterusages', ['v1beta1'], fromVersion2),
  Operation: entry(ops, 'Operation', 'operations', ['v1alpha1'], fromVersion2),
  CronOperation: entry(ops, 'CronOperation', 'cronoperations', ['v1alpha1'], fromVersion2),
  WatchOperation: entry(ops, 'WatchOperation', 'watchoperations', ['v1alpha1'], fromVersion2),
  Provider: entry(pkg, 'Provider', 'providers', ['v1']),
  ProviderRevision: entry(pkg, 'ProviderRevision', 'providerrevisions', ['v1']),
  Configuration: entry(pkg, 'Configuration', 'configurations', ['v1']),
  ConfigurationRevision: entry(pkg, 'ConfigurationRevision', 'configurationrevisions', ['v1']),
  Function: entry(pkg, 'Function', 'functions', ['v1', 'v1beta1']),
  FunctionRevision: entry(pkg, 'FunctionRevision', 'functionrevisions', ['v1', 'v1beta1']),
  Lock: entry(pkg, 'Lock', 'locks', ['v1beta1']),
  DeploymentRuntimeConfig: entry(pkg, 'DeploymentRuntimeConfig', 'deploymentruntimeconfigs', ['v1beta1']),
  ManagedResourceDefinition: entry(
    apiextensions,
    'ManagedResourceDefinition',
    'managedresourcedefinitions',
    ['v1alpha1'],
    fromVersion2,
  ),
  ManagedResourceActivationPolicy: entry(
    apiextensions,
    'ManagedResourceActivationPolicy',
    'managedresourceactivationpolicies',
    ['v1alpha1'],
    fromVersion2,
  ),
};

function entry(
  group: string,
  kind: string,
  plural: string,
  prefer: readonly string[],
  absent?: string,
): KindFacts {
  return { group, kind, plural, prefer, ...(absent ? { absent } : {}) };
}
