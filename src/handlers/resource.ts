import { badRequest, methodNotSupported, pathNotFound } from '../apimachinery/status.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { ResourceExchange } from '../downstream/exchange.ts';
import type { Link } from '../upstream/link.ts';
import type { ClaimRequest, NamedClaimRequest } from './claim-request.ts';
import type { ApplyDependencies } from './apply.ts';
import { createClaim } from './create.ts';
import { deleteClaim } from './delete.ts';
import { deleteClaims } from './deletecollection.ts';
import { getClaim } from './get.ts';
import { knownCatalog } from './known-catalog.ts';
import { listClaims } from './list.ts';
import { patchClaim } from './patch.ts';
import { updateClaim } from './update.ts';
import { watchClaims } from './watch.ts';

export interface ResourceDependencies extends ApplyDependencies {
  catalog: () => Catalog | undefined;
  /** The verified way to the control plane. Throws StatusError 503 with the reason while there is none. */
  link: () => Link;
}

/** Finds what a request is about in the catalog and hands it to the handler of its verb. */
export function handleResource(
  exchange: ResourceExchange,
  dependencies: ResourceDependencies,
): Promise<void> {
  const { info } = exchange;
  const catalog = knownCatalog(dependencies.catalog());
  const resource = catalog.find(info.group, info.version, info.resource);
  if (!resource) throw pathNotFound();
  const hasSubresource =
    info.subresource === undefined || (info.subresource === 'status' && resource.subresources.status);
  if (!hasSubresource) throw pathNotFound();
  const request: ClaimRequest = { exchange, info, resource, link: dependencies.link() };
  return info.name === undefined ? handleCollection(request) : handleObject(request, info.name, dependencies);
}

function handleCollection(request: ClaimRequest): Promise<void> {
  const { info } = request;
  switch (info.verb) {
    case 'list':
      return listClaims(request);
    case 'watch':
      return watchClaims(request);
    case 'create':
      if (info.namespace === undefined) break;
      return createClaim(request);
    case 'deletecollection':
      if (info.namespace === undefined) break;
      return deleteClaims(request);
    default:
      break;
  }
  // What a namespaced custom resource does not have across namespaces is not found (customresource_handler.go).
  if (info.namespace === undefined) throw pathNotFound();
  throw methodNotSupported({ group: info.group, resource: info.resource }, info.verb);
}

function handleObject(
  request: ClaimRequest,
  name: string,
  dependencies: ResourceDependencies,
): Promise<void> {
  const { info } = request;
  if (info.namespace === undefined) throw pathNotFound();
  const named: NamedClaimRequest = { ...request, app: { namespace: info.namespace, name } };
  switch (info.verb) {
    case 'get':
      return getClaim(named);
    case 'watch':
      return watchClaims(named);
    case 'update':
      return updateClaim(named);
    case 'patch':
      return patchClaim(named, dependencies);
    case 'delete':
      if (info.subresource === undefined) return deleteClaim(named);
      break;
    case 'create':
      throw badRequest('a POST is for a collection, not for one object');
    default:
      break;
  }
  throw methodNotSupported({ group: info.group, resource: info.resource }, info.verb);
}
