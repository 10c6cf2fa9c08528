/** Paths of the API, in one place so that no other file counts slashes. */

export function configMapPath(namespace: string, name?: string): string {
  return core(namespace, 'configmaps', name);
}

export function secretPath(namespace: string, name?: string): string {
  return core(namespace, 'secrets', name);
}

export function servicePath(namespace: string, name?: string): string {
  return core(namespace, 'services', name);
}

export function eventPath(namespace: string, name?: string): string {
  return core(namespace, 'events', name);
}

export function namespacePath(name?: string): string {
  return `/api/v1/namespaces${suffix(name)}`;
}

export function apiServicePath(name?: string): string {
  return `/apis/apiregistration.k8s.io/v1/apiservices${suffix(name)}`;
}

export function crdPath(name?: string): string {
  return `/apis/apiextensions.k8s.io/v1/customresourcedefinitions${suffix(name)}`;
}

export function validatingWebhookPath(name?: string): string {
  return `/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations${suffix(name)}`;
}

export function clusterRolePath(name: string): string {
  return `/apis/rbac.authorization.k8s.io/v1/clusterroles/${name}`;
}

export function leasePath(namespace: string, name?: string): string {
  return `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases${suffix(name)}`;
}

/** Of any kind; without a namespace for what is cluster-scoped, and for all namespaces. `group` is empty for the core API. */
export function resourcePath(
  { group, version, plural }: { group: string; version: string; plural: string },
  { namespace, name }: { namespace?: string | undefined; name?: string | undefined } = {},
): string {
  const base = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  return `${base}${namespace === undefined ? '' : `/namespaces/${namespace}`}/${plural}${suffix(name)}`;
}

function core(namespace: string, resource: string, name?: string): string {
  return `/api/v1/namespaces/${namespace}/${resource}${suffix(name)}`;
}

function suffix(name?: string): string {
  return name === undefined ? '' : `/${encodeURIComponent(name)}`;
}
