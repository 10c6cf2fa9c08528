/** Texts of packages: what `crossplane xpkg build` is given. `group` keeps the kinds of one test file apart from all others. */
export function providerFiles(
  group: string,
  { kinds = ['Bucket'], metadata = {} }: { kinds?: readonly string[]; metadata?: PackageMeta } = {},
): Record<string, string> {
  const crds = kinds.map((kind): [string, string] => [`crds/${kind}.yaml`, crd(group, kind, 'managed')]);
  return {
    'crossplane.yaml': meta('Provider', metadata, '  controller: { image: example.org/none:v1 }\n'),
    ...Object.fromEntries([...crds, ['crds/ProviderConfig.yaml', crd(group, 'ProviderConfig', 'provider')]]),
  };
}

export interface PackageMeta {
  /** Source to version constraint. */
  dependsOn?: Readonly<Record<string, string>>;
  /** Of Crossplane itself. */
  crossplane?: string;
  capabilities?: readonly string[];
}

export function configurationFiles(
  group: string,
  { metadata = {}, size = 'small' }: { metadata?: PackageMeta; size?: string } = {},
): Record<string, string> {
  return {
    'crossplane.yaml': meta('Configuration', metadata, ''),
    'definition.yaml': definition(group),
    'composition.yaml': composition(group, size),
  };
}

export function functionFiles(metadata: PackageMeta = {}): Record<string, string> {
  return { 'crossplane.yaml': meta('Function', metadata, '  image: example.org/none:v1\n') };
}

function meta(kind: string, { capabilities, crossplane, dependsOn }: PackageMeta, more: string): string {
  const dependencies = Object.entries(dependsOn ?? {}).map(
    ([source, version]) =>
      `    - { provider: ${JSON.stringify(source)}, version: ${JSON.stringify(version)} }\n`,
  );
  const spec = [
    crossplane === undefined ? '' : `  crossplane: { version: ${JSON.stringify(crossplane)} }\n`,
    dependencies.length > 0 ? `  dependsOn:\n${dependencies.join('')}` : '',
    capabilities ? `  capabilities: ${JSON.stringify(capabilities)}\n` : '',
    more,
  ].join('');
  return `apiVersion: meta.pkg.crossplane.io/v1
kind: ${kind}
metadata: { name: test }
spec:${spec === '' ? ' {}\n' : `\n${spec}`}`;
}

/** A cluster-scoped kind of any content. */
function crd(group: string, kind: string, category: string): string {
  const plural = `${kind.toLowerCase()}s`;
  return `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: ${plural}.${group} }
spec:
  group: ${group}
  scope: Cluster
  names: { kind: ${kind}, plural: ${plural}, listKind: ${kind}List, singular: ${kind.toLowerCase()}, categories: [crossplane, ${category}] }
  versions:
    - name: v1
      served: true
      storage: true
      subresources: { status: {} }
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec: { type: object, x-kubernetes-preserve-unknown-fields: true }
            status: { type: object, x-kubernetes-preserve-unknown-fields: true }
`;
}

function definition(group: string): string {
  return `apiVersion: apiextensions.crossplane.io/v1
kind: CompositeResourceDefinition
metadata: { name: xstores.${group} }
spec:
  group: ${group}
  names: { kind: XStore, plural: xstores }
  claimNames: { kind: Store, plural: stores }
  versions:
    - name: v1
      served: true
      referenceable: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              properties:
                size: { type: string, description: How much fits in. }
`;
}

/** Of a function that nobody installs: good for packages of both releases, and nothing is composed. */
function composition(group: string, size: string): string {
  return `apiVersion: apiextensions.crossplane.io/v1
kind: Composition
metadata: { name: xstores.${group}, labels: { size: ${size} } }
spec:
  compositeTypeRef: { apiVersion: ${group}/v1, kind: XStore }
  mode: Pipeline
  pipeline:
    - step: none
      functionRef: { name: function-nobody }
`;
}
