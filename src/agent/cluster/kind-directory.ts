import type { Resource } from './cluster-api.ts';

/** The kinds of Crossplane that tools are about. */
export type CrossplaneKind =
  | 'CompositeResourceDefinition'
  | 'Composition'
  | 'CompositionRevision'
  | 'EnvironmentConfig'
  | 'LegacyUsage'
  | 'Usage'
  | 'ClusterUsage'
  | 'Operation'
  | 'CronOperation'
  | 'WatchOperation'
  | 'Provider'
  | 'ProviderRevision'
  | 'Configuration'
  | 'ConfigurationRevision'
  | 'Function'
  | 'FunctionRevision'
  | 'Lock'
  | 'DeploymentRuntimeConfig'
  | 'ManagedResourceDefinition'
  | 'ManagedResourceActivationPolicy';

/**
 * Which versions of which kinds the control plane serves: by discovery, never by a version of Crossplane. One aggregated answer,
 * kept 5 minutes and dropped when something known answers 404.
 */
export interface KindDirectory {
  /**
   * In the first served version of those that are preferred for the kind (kinds.ts). Throws ToolError `not_installed` where
   * none is served, with what to check.
   */
  find(kind: CrossplaneKind): Promise<Resource>;
  /** Undefined where it is not served. */
  findServed(kind: CrossplaneKind): Promise<Resource | undefined>;
  /** In exactly this version (`v2` of an XRD); undefined where it is not served. */
  findVersion(kind: CrossplaneKind, version: string): Promise<Resource | undefined>;
  /** Any kind of the control plane, by apiVersion and kind; undefined where it is not served. */
  resourceOf(apiVersion: string, kind: string): Promise<Resource | undefined>;
  /** All that is served, each in the preferred version of its group; with the categories of its CRD. */
  all(): Promise<readonly (Resource & { categories: readonly string[] })[]>;
  /** After a 404 about something that discovery had. */
  forget(): void;
}
