import type { CustomResourceDefinition } from '../apimachinery/objects.ts';
import { type ConnectedResource, connectedPrefixOf, connectedResourcesOf } from './connected-resource.ts';

const connectedCategories = new Set(['claim', 'composite']);

/**
 * The connected resources of a CRD. One that was connected (`previous`) and lacks something for a moment, because it is
 * replaced, made anew or not yet established, keeps the versions it still serves: discovery must not flicker, and with
 * an APIService the claims of the whole app cluster would come and go.
 */
export function resourcesOrKept(
  crd: CustomResourceDefinition,
  previous: readonly ConnectedResource[],
): ConnectedResource[] {
  const prefix = connectedPrefixOf(crd);
  if (prefix !== undefined) return connectedResourcesOf(crd, prefix);
  if (!mayComeBack(crd)) return [];
  const served = new Set(crd.spec.versions.filter((version) => version.served).map(({ name }) => name));
  const { group, names } = crd.spec;
  return previous.filter(
    (resource) =>
      resource.group === group && resource.plural === names.plural && served.has(resource.version),
  );
}

/** False for one that somebody else made in its place: another scope, another controller or no such category. */
function mayComeBack({ spec, metadata }: CustomResourceDefinition): boolean {
  const controller = metadata.ownerReferences?.find((reference) => reference.controller);
  if (spec.scope !== 'Namespaced') return false;
  if (controller !== undefined) return controller.kind === 'CompositeResourceDefinition';
  return (spec.names.categories ?? []).some((category) => connectedCategories.has(category));
}
