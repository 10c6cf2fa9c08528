import { createHash } from 'node:crypto';
import { compareNames, type GroupVersion } from './connected-resource.ts';
import {
  type ComponentsV3,
  type OpenApiV3Document,
  type PathItemV3,
  referencesIn,
} from './openapi-document.ts';

/**
 * The document of one group version for the app cluster: of what the control plane publishes, the paths of connected
 * resources and the components these need, unchanged. Cluster-scoped XRs and kinds that are denied leave no trace.
 * Equal input gives equal bytes, whatever order the control plane's replica printed paths and components in.
 */
export function openApiV3Of(document: OpenApiV3Document, groupVersion: GroupVersion): OpenApiV3Document {
  const plurals = new Set(groupVersion.resources.map((resource) => resource.plural));
  const { openapi, info, paths, components } = document;
  const kept = Object.entries(paths).filter(([path]) => plurals.has(pluralOf(path, groupVersion) ?? ''));
  return {
    openapi,
    info: { title: info.title, version: info.version },
    paths: sorted<PathItemV3>(kept),
    ...(components ? { components: reachable(kept, components) } : {}),
  };
}

/**
 * Connected resources that a document says nothing about yet. A control plane publishes the OpenAPI of a new CRD some
 * time after it is established; a catalog made in between would lack the schema until the next change.
 */
export function pluralsWithoutPaths(document: OpenApiV3Document, groupVersion: GroupVersion): string[] {
  const described = new Set(Object.keys(document.paths).map((path) => pluralOf(path, groupVersion)));
  return groupVersion.resources.map((resource) => resource.plural).filter((plural) => !described.has(plural));
}

/** The name of a group version in the index, and the path of its document below `/openapi/v3/`. */
export function openApiV3Key({ group, version }: Pick<GroupVersion, 'group' | 'version'>): string {
  return `apis/${group}/${version}`;
}

/**
 * `/openapi/v3`. `hashes` holds the hash of each document by its key (`apis/<group>/<version>`). kube-aggregator merges
 * this list unfiltered into its own, so it must name nothing that is not ours.
 */
export function openApiV3Index(hashes: ReadonlyMap<string, string>): {
  paths: Record<string, { serverRelativeURL: string }>;
} {
  const entries = [...hashes].map(([key, hash]): [string, { serverRelativeURL: string }] => [
    key,
    { serverRelativeURL: `/openapi/v3/${key}?hash=${hash}` },
  ]);
  return { paths: sorted(entries) };
}

/** Upper-case hex SHA-512 of the bytes served, as kube-openapi/pkg/handler3 computes hash and ETag. */
export function contentHash(content: string | Uint8Array): string {
  return createHash('sha512').update(content).digest('hex').toUpperCase();
}

/** The plural that a path is about: `<plural>/...` or `namespaces/{namespace}/<plural>/...` after the group version. */
function pluralOf(path: string, groupVersion: GroupVersion): string | undefined {
  const prefix = `/${openApiV3Key(groupVersion)}/`;
  if (!path.startsWith(prefix)) return undefined;
  const segments = path.slice(prefix.length).split('/');
  return segments[0] === 'namespaces' && segments[1] === '{namespace}' ? segments[2] : segments[0];
}

/** The components that the paths refer to, and those that these refer to in turn. */
function reachable(paths: unknown, components: ComponentsV3): ComponentsV3 {
  const found = new Map<string, [section: string, name: string, component: unknown]>();
  const open = [...referencesIn(paths)];
  for (let ref = open.pop(); ref !== undefined; ref = open.pop()) {
    const [, section = '', name = ''] =
      /^#\/components\/([^/]+)\/([^/]+)$/.exec(ref)?.map(unescapePointer) ?? [];
    const component = components[section]?.[name];
    if (component === undefined || found.has(ref)) continue;
    found.set(ref, [section, name, component]);
    open.push(...referencesIn(component));
  }
  const sections = Map.groupBy(found.values(), ([section]) => section);
  return sorted(
    [...sections].map(([section, members]): [string, Record<string, unknown>] => [
      section,
      sorted(members.map(([, name, component]): [string, unknown] => [name, component])),
    ]),
  );
}

/** JSON Pointer within a URI fragment (RFC 6901 section 6). */
function unescapePointer(token: string): string {
  return decodeURIComponent(token).replaceAll('~1', '/').replaceAll('~0', '~');
}

function sorted<T>(entries: [string, T][]): Record<string, T> {
  return Object.fromEntries(entries.toSorted(([a], [b]) => compareNames(a, b)));
}
