import { badRequest, methodNotSupported, notFound, StatusError } from '../apimachinery/status.ts';
import { warningValue } from '../apimachinery/warning.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { ConnectedResource } from '../catalog/connected-resource.ts';
import type { ResourceExchange } from '../downstream/exchange.ts';
import type { Outage } from '../upstream/circuit-breaker.ts';
import type { Link } from '../upstream/link.ts';
import type { ClaimRequest, NamedClaimRequest } from './claim-request.ts';
import type { ApplyDependencies } from './patches/apply.ts';
import { type CreateDependencies, createClaim } from './create.ts';
import { deleteClaim } from './deletes/delete.ts';
import { deleteClaims } from './deletes/deletecollection.ts';
import { getClaim } from './get.ts';
import { answerKnown, type KnownDependencies } from './known-answers.ts';
import { knownCatalog } from './known-catalog.ts';
import type { ListBuffers } from './lists/list-buffers.ts';
import { listClaims } from './lists/list.ts';
import { answerPathNotFound } from './path-not-found.ts';
import {
  isOrphaning,
  isOrphaningOfCollector,
  orphanClaims,
  type OrphanDependencies,
} from './deletes/orphan-claims.ts';
import { patchClaim } from './patches/patch.ts';
import { patchTypeOf } from './patches/patch-type.ts';
import { handleScale } from './scale.ts';
import { updateClaim } from './update.ts';
import { watchClaims } from './watch.ts';

export interface ResourceDependencies extends ApplyDependencies, CreateDependencies, OrphanDependencies {
  known: KnownDependencies;
  catalog: () => Catalog | undefined;
  /** The verified way to the control plane. Throws StatusError 503 with the reason while there is none. */
  link: () => Link;
  allowResourceRef: boolean;
  lists: ListBuffers;
}

/**
 * Finds what a request is about in the catalog and hands it to the handler of its verb, in the order of
 * apiextensions-apiserver/pkg/apiserver/customresource_handler.go (ServeHTTP).
 */
export function handleResource(
  exchange: ResourceExchange,
  dependencies: ResourceDependencies,
): void | Promise<void> {
  const { info } = exchange;
  const resource = knownCatalog(dependencies.catalog()).find(info.group, info.version, info.resource);
  if (!resource) return answerPathNotFound(exchange);
  const isAcrossNamespaces = info.namespace === undefined;
  if (isAcrossNamespaces && info.verb !== 'list' && info.verb !== 'watch')
    return answerPathNotFound(exchange);
  warn(exchange, resource);
  const { subresource } = info;
  const isServed =
    subresource === undefined || (isSubresource(subresource) && resource.subresources[subresource]);
  if (!isServed) throw notFound({ group: info.group, resource: info.resource }, info.name ?? '');
  const outage = dependencies.known.outage();
  if (outage && (info.verb === 'list' || info.verb === 'deletecollection'))
    return handleInOutage(exchange, resource, outage, dependencies);
  return handleConnected(exchange, resource, dependencies);
}

async function handleInOutage(
  exchange: ResourceExchange,
  resource: ConnectedResource,
  outage: Outage,
  dependencies: ResourceDependencies,
): Promise<void> {
  const isAnswered = await answerKnown(exchange, resource, outage, dependencies.known).catch(
    (error: unknown) => {
      if (error instanceof StatusError) throw error;
      // The app cluster could not be asked: nothing is known then, and the outage is the answer.
      return false;
    },
  );
  if (!isAnswered) await handleConnected(exchange, resource, dependencies);
}

function handleConnected(
  exchange: ResourceExchange,
  resource: ConnectedResource,
  dependencies: ResourceDependencies,
): Promise<void> {
  const { info } = exchange;
  const { allowResourceRef, lists } = dependencies;
  const request: ClaimRequest = {
    exchange,
    info,
    resource,
    link: dependencies.link(),
    allowResourceRef,
    lists,
  };
  return info.name === undefined
    ? handleCollection(request, dependencies)
    : handleObject(request, info.name, dependencies);
}

function isSubresource(name: string): name is 'status' | 'scale' {
  return name === 'status' || name === 'scale';
}

/**
 * The sentence of a deprecated version goes with every answer. The control plane's answers bring it, and replace this one;
 * it is for what is answered here (apiserver/pkg/endpoints/filters/warning.go).
 */
function warn({ res }: ResourceExchange, { deprecationWarning }: ConnectedResource): void {
  if (deprecationWarning === undefined) return;
  res.setHeader('warning', warningValue(deprecationWarning));
}

async function handleCollection(request: ClaimRequest, dependencies: ResourceDependencies): Promise<void> {
  const { info } = request;
  switch (info.verb) {
    case 'list':
      return listClaims(request);
    case 'watch':
      return watchClaims(request);
    case 'create':
      return createClaim(request, dependencies);
    case 'deletecollection':
      if (await isOrphaning(request, dependencies)) return orphanClaims(request, dependencies);
      return deleteClaims(request);
    case 'patch':
      patchTypeOf(request);
      throw badRequest('name must be provided');
    case 'update':
      throw badRequest('name must be provided');
    default:
      throw methodNotSupported({ group: info.group, resource: info.resource }, info.verb);
  }
}

function handleObject(
  request: ClaimRequest,
  name: string,
  dependencies: ResourceDependencies,
): Promise<void> {
  const { info } = request;
  const named: NamedClaimRequest = { ...request, app: { namespace: info.namespace as string, name } };
  if (info.subresource === 'scale') return handleScale(named);
  switch (info.verb) {
    case 'get':
      return getClaim(named);
    case 'watch':
      if (info.subresource === undefined) return watchClaims(named);
      break;
    case 'update':
      return updateClaim(named);
    case 'patch':
      return patchClaim(named, dependencies);
    case 'delete':
      if (info.subresource === undefined) return deleteOrOrphan(named, dependencies);
      break;
    case 'create':
      // The API server reads the name of the body, not of the path.
      if (info.subresource === undefined) return createClaim(request, dependencies);
      break;
    default:
      break;
  }
  throw methodNotSupported({ group: info.group, resource: info.resource }, info.verb);
}

function deleteOrOrphan(request: NamedClaimRequest, dependencies: ResourceDependencies): Promise<void> {
  if (dependencies.namespaceDeletion(request.resource) !== 'orphan') return deleteClaim(request);
  return isOrphaningOfCollector(request, request.exchange.user, dependencies).then((isOrphaned) =>
    isOrphaned ? orphanClaims(request, dependencies, request.app.name) : deleteClaim(request),
  );
}
