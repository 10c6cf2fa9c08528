import { createHash } from 'node:crypto';
import type { CustomResourceDefinition, CustomResourceVersion } from '../apimachinery/objects.ts';
import { compareVersions } from '../apimachinery/version-order.ts';

/** What its name on the control plane begins with: claims of Crossplane v1, namespaced XRs of v2. */
export type ConnectedPrefix = 'claim' | 'nxr';

/** One kind of one served version of one connected CRD. */
export interface ConnectedResource {
  group: string;
  version: string;
  plural: string;
  singular: string;
  kind: string;
  listKind: string;
  shortNames: string[];
  categories: string[];
  prefix: ConnectedPrefix;
  subresources: { status: boolean; scale: boolean };
  /** JSON paths as the CRD writes them, with the leading dot. */
  selectableFields: string[];
  /** A terminating CRD offers no create, update and patch. */
  terminating: boolean;
  /** jsonPath per additional printer column, in order (column 0 'Name' is not among them). */
  printerColumns: PrinterColumn[];
  /** Text of the Warning header on every request to this version. */
  deprecationWarning?: string;
  /** Changes with the version that objects are stored in; missing where that one is not served. */
  storageVersionHash?: string;
}

/** As the CRD has it; `type` is string, integer, number, boolean or date. A catalog saved by an older version lacks it. */
export interface PrinterColumn {
  name: string;
  jsonPath: string;
  type?: string;
}

export interface GroupVersion {
  group: string;
  version: string;
  resources: ConnectedResource[];
}

const xrdGroup = 'apiextensions.crossplane.io';

/**
 * Tells whether a CRD is connected, and under which prefix: namespaced, established, made by Crossplane for an XRD, and
 * of category `claim` or `composite`. The owner is asked for because any CRD may carry these categories, and the scope
 * because an XRD's author may put `claim` into the categories of a cluster-scoped XR.
 */
export function connectedPrefixOf(crd: CustomResourceDefinition): ConnectedPrefix | undefined {
  if (crd.spec.scope !== 'Namespaced' || !hasCondition(crd, 'Established')) return undefined;
  const owner = crd.metadata.ownerReferences?.find((reference) => reference.controller);
  if (owner?.kind !== 'CompositeResourceDefinition' || owner.apiVersion.split('/')[0] !== xrdGroup)
    return undefined;
  const categories = namesOf(crd).categories ?? [];
  if (categories.includes('claim')) return 'claim';
  return categories.includes('composite') ? 'nxr' : undefined;
}

/** The served versions of a connected CRD, under the names the control plane accepted for it. */
export function connectedResourcesOf(
  crd: CustomResourceDefinition,
  prefix: ConnectedPrefix,
): ConnectedResource[] {
  return crd.spec.versions
    .filter((version) => version.served)
    .map((version) => resourceOf(crd, version, prefix));
}

/** Gathers resources by group and version: groups by name, versions in order of preference, resources by plural. */
export function groupVersionsOf(resources: readonly ConnectedResource[]): GroupVersion[] {
  const byGroupVersion = Map.groupBy(resources, ({ group, version }) => `${group}/${version}`);
  return [...byGroupVersion.values()]
    .map((members) => {
      const { group, version } = members[0]!;
      return { group, version, resources: members.toSorted((a, b) => compareNames(a.plural, b.plural)) };
    })
    .toSorted((a, b) => compareNames(a.group, b.group) || compareVersions(a.version, b.version));
}

/** By code unit, as Go compares strings; a locale would make replicas differ. */
export function compareNames(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function resourceOf(
  crd: CustomResourceDefinition,
  version: CustomResourceVersion,
  prefix: ConnectedPrefix,
): ConnectedResource {
  const { plural, kind, ...names } = namesOf(crd);
  return {
    group: crd.spec.group,
    version: version.name,
    plural,
    singular: names.singular ?? kind.toLowerCase(),
    kind,
    listKind: names.listKind ?? `${kind}List`,
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    prefix,
    subresources: {
      status: version.subresources?.status !== undefined,
      scale: version.subresources?.scale !== undefined,
    },
    selectableFields: (version.selectableFields ?? []).map((field) => field.jsonPath),
    terminating: hasCondition(crd, 'Terminating'),
    printerColumns: printerColumnsOf(version),
    ...(version.deprecated ? { deprecationWarning: deprecationWarningOf(crd, version) } : {}),
    ...storageVersionHashOf(crd),
  };
}

/** As apiserver/pkg/endpoints/discovery/storageversionhash.go has it, of the storage version of a CRD if it is served. */
function storageVersionHashOf({
  spec,
}: CustomResourceDefinition): Pick<ConnectedResource, 'storageVersionHash'> {
  const stored = spec.versions.find((version) => version.storage && version.served);
  if (!stored) return {};
  const digest = createHash('sha256').update(`${spec.group}/${stored.name}/${spec.names.kind}`).digest();
  return { storageVersionHash: digest.toString('base64', 0, 8) };
}

/** apiextensions serves and discovers a CRD under its accepted names, which lack short names that are taken. */
function namesOf(crd: CustomResourceDefinition): CustomResourceDefinition['spec']['names'] {
  const accepted = crd.status?.acceptedNames;
  return accepted?.plural ? accepted : crd.spec.names;
}

function hasCondition(crd: CustomResourceDefinition, type: string): boolean {
  return (crd.status?.conditions ?? []).some(
    (condition) => condition.type === type && condition.status === 'True',
  );
}

/** A version without columns of its own gets the age (apiextensions-apiserver/pkg/apiserver/helpers.go). */
function printerColumnsOf(version: CustomResourceVersion): ConnectedResource['printerColumns'] {
  const columns = version.additionalPrinterColumns ?? [];
  if (columns.length === 0) return [{ name: 'Age', jsonPath: '.metadata.creationTimestamp', type: 'date' }];
  return columns.map(({ name, jsonPath, type }) => ({ name, jsonPath, type }));
}

/** The author's sentence, or the one of customresource_handler.go defaultDeprecationWarning. */
function deprecationWarningOf(crd: CustomResourceDefinition, version: CustomResourceVersion): string {
  if (version.deprecationWarning !== undefined) return version.deprecationWarning;
  const { group, names, versions } = crd.spec;
  const better = versions
    .filter((other) => other.served && !other.deprecated && compareVersions(other.name, version.name) < 0)
    .map((other) => other.name)
    .toSorted(compareVersions)[0];
  const text = `${group}/${version.name} ${names.kind} is deprecated`;
  return better === undefined ? text : `${text}; use ${group}/${better} ${names.kind}`;
}

/** One version of each kind: the first, which is the preferred one where the versions come in that order. */
export function firstVersions(resources: readonly ConnectedResource[]): ConnectedResource[] {
  return [...Map.groupBy(resources, kindKey).values()].map(([first]) => first as ConnectedResource);
}

/** `<plural>.<group>` */
export function kindKey({ group, plural }: ConnectedResource): string {
  return `${plural}.${group}`;
}
