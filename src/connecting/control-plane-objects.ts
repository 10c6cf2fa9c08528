import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { loadAll } from 'js-yaml';
import type { KubeObject } from '../apimachinery/objects.ts';
import { namespacePath, secretPath } from '../clusters/api-paths.ts';
import { absentOrThrow, type KubeClient } from '../clusters/kube-client.ts';
import type { ClaimGroup } from './claim-apis.ts';

interface PolicyRule {
  apiGroups: string[];
  resources: string[];
  resourceNames?: string[];
  verbs: string[];
}

export interface Manifest extends KubeObject {
  kind: string;
  rules?: PolicyRule[];
}

/** What stands in deploy/control-plane.yaml for what each user replaces. */
const placeholders = {
  namespace: 'app-cluster-1',
  group: 'k8s.starter.org',
  composite: 'xkubernetesclusters',
};
/** Beside `src` and beside `dist`. */
const file = new URL('../../deploy/control-plane.yaml', import.meta.url);

export const serviceAccountName = 'mcp-connector';
export const tokenSecretName = 'mcp-connector-token';

/** deploy/control-plane.yaml with this claim namespace and these groups: the same as by hand, in the order of the file. */
export function controlPlaneManifests(claimNamespace: string, groups: readonly ClaimGroup[]): Manifest[] {
  const text = readFileSync(file, 'utf8').replaceAll(placeholders.namespace, claimNamespace);
  const manifests = loadAll(text) as Manifest[];
  for (const manifest of manifests)
    if (manifest.rules) manifest.rules = manifest.rules.flatMap((rule) => rulesFor(rule, groups));
  return manifests;
}

/** A rule about the placeholder's group becomes one per group. */
function rulesFor(rule: PolicyRule, groups: readonly ClaimGroup[]): PolicyRule[] {
  if (!rule.apiGroups.includes(placeholders.group)) return [rule];
  return groups.flatMap(({ group, claims, composites }) => {
    const resources = rule.resources.flatMap((resource) => {
      const [plural, subresource] = resource.split('/');
      const plurals = plural === placeholders.composite ? composites : claims;
      return plurals.map((one) => (subresource === undefined ? one : `${one}/${subresource}`));
    });
    return resources.length === 0 ? [] : [{ ...rule, apiGroups: [group], resources }];
  });
}

export type Outcome = 'created' | 'configured' | 'unchanged';

/** Server-side apply, which also takes over what `kubectl apply` has made by hand of the same file. */
export async function applyManifest(
  client: KubeClient,
  manifest: Manifest,
  dryRun: boolean,
): Promise<Outcome> {
  const path = pathOf(manifest);
  const before = await client.get<KubeObject>(path).catch(absentOrThrow);
  // What goes into a namespace that is not there cannot be tried.
  if (dryRun && !before) return 'created';
  const after = await client.apply<KubeObject>(path, manifest, dryRun ? { query: { dryRun: 'All' } } : {});
  if (!before) return 'created';
  return isDeepStrictEqual(content(before), content(after)) ? 'unchanged' : 'configured';
}

/** Without what every write changes. A dry run gives no new resourceVersion. */
function content(object: KubeObject): KubeObject {
  const {
    resourceVersion: _,
    generation: __,
    managedFields: ___,
    ...metadata
  } = object.metadata as KubeObject['metadata'] & {
    managedFields?: unknown;
  };
  return { ...object, metadata };
}

/** As kubectl names it: `role.rbac.authorization.k8s.io/x in y`. */
export function nameOfManifest({ apiVersion = '', kind, metadata }: Manifest): string {
  const group = apiVersion.includes('/') ? `.${apiVersion.split('/')[0]}` : '';
  const where = metadata.namespace === undefined ? '' : ` in ${metadata.namespace}`;
  return `${kind.toLowerCase()}${group}/${metadata.name}${where}`;
}

function pathOf({ kind, metadata: { name, namespace = '' } }: Manifest): string {
  const rbac = '/apis/rbac.authorization.k8s.io/v1';
  switch (kind) {
    case 'Namespace':
      return namespacePath(name);
    case 'Secret':
      return secretPath(namespace, name);
    case 'ServiceAccount':
      return `/api/v1/namespaces/${namespace}/serviceaccounts/${name}`;
    case 'Role':
    case 'RoleBinding':
      return `${rbac}/namespaces/${namespace}/${kind.toLowerCase()}s/${name}`;
    case 'ClusterRole':
    case 'ClusterRoleBinding':
      return `${rbac}/${kind.toLowerCase()}s/${name}`;
    default:
      throw new Error(`deploy/control-plane.yaml has a ${kind}, for which no path is known`);
  }
}
