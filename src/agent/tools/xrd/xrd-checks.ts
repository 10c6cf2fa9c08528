import type { JsonSchema } from '../../../apimachinery/objects.ts';
import { invalid } from '../write-object.ts';
import type { Xrd, XrdVersion } from './xrd-objects.ts';

/** What Crossplane and the API server would refuse, or take and never establish. Throws ToolError `invalid` with the field. */
export function checkXrd(xrd: Xrd): void {
  const { spec, metadata } = xrd;
  if (!isText(spec?.group)) throw invalid('spec.group', 'an XRD needs a group, such as platform.example.org');
  for (const field of ['kind', 'plural'] as const)
    if (!isText(spec.names?.[field])) throw invalid(`spec.names.${field}`, `an XRD needs names.${field}`);
  const name = `${spec.names.plural}.${spec.group}`;
  if (metadata.name !== name)
    throw invalid(
      'metadata.name',
      `an XRD is called <plural>.<group>: this one ${name}, not ${metadata.name}`,
    );
  if (spec.claimNames) {
    for (const field of ['kind', 'plural'] as const)
      if (spec.claimNames[field] === spec.names[field])
        throw invalid(
          `spec.claimNames.${field}`,
          `claims need a ${field} of their own`,
          'name the XR X<kind>',
        );
  }
  checkVersions(spec.versions);
}

function checkVersions(versions: readonly XrdVersion[] | undefined): void {
  if (!Array.isArray(versions) || versions.length === 0)
    throw invalid('spec.versions', 'an XRD needs at least one version');
  const referenceable = versions.filter((version) => version.referenceable);
  if (referenceable.length !== 1)
    throw invalid(
      'spec.versions',
      `exactly one version has to be referenceable; ${referenceable.length || 'none'} of ${versions.length} is`,
    );
  if (!referenceable[0]?.served) throw invalid('spec.versions', 'the referenceable version has to be served');
  for (const [at, version] of versions.entries()) {
    const schema = version.schema?.openAPIV3Schema;
    const field = `spec.versions[${at}].schema.openAPIV3Schema`;
    if (!schema) throw invalid(field, `version ${version.name} has no schema`);
    const fault = untyped(schema, field);
    if (fault !== undefined) throw invalid(fault, 'a structural schema has a type in every node');
  }
}

/** Path of the first node without a type; undefined where all have one (apiextensions' structural schema). */
function untyped(schema: JsonSchema, path: string): string | undefined {
  const isFree =
    schema['x-kubernetes-int-or-string'] === true || schema['x-kubernetes-preserve-unknown-fields'] === true;
  if (typeof schema['type'] !== 'string' && !isFree) return path;
  const properties = (schema['properties'] ?? {}) as Record<string, JsonSchema>;
  const below: [string, unknown][] = [
    ...Object.entries(properties).map(([name, node]): [string, unknown] => [
      `${path}.properties.${name}`,
      node,
    ]),
    [`${path}.items`, schema['items']],
    [`${path}.additionalProperties`, schema['additionalProperties']],
  ];
  for (const [at, node] of below) {
    if (typeof node !== 'object' || node === null) continue;
    const fault = untyped(node as JsonSchema, at);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** What the CRD's rules forbid to change, named before anything is sent. Throws ToolError `invalid`. */
export function checkImmutable(before: Xrd, after: Xrd): void {
  const fixed = ['group', 'names', 'scope', 'claimNames', 'enforcedCompositionRef'] as const;
  for (const field of fixed) {
    const old = before.spec[field];
    if (old === undefined || JSON.stringify(sorted(old)) === JSON.stringify(sorted(after.spec[field])))
      continue;
    // Left out of a manifest, the API server fills the scope in.
    if (field === 'scope' && after.spec.scope === undefined) continue;
    throw invalid(
      `spec.${field}`,
      `spec.${field} of an XRD cannot change`,
      'make a new XRD beside this one, and move its users over',
    );
  }
}

/** Crossplane defaults some names; only what is said is compared. */
function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
