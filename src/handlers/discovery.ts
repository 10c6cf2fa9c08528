import { pathNotFound, serviceUnavailable } from '../apimachinery/status.ts';
import type { Catalog, ServedDocument } from '../catalog/catalog.ts';
import type { Exchange } from '../downstream/exchange.ts';
import { answerDocument, answerResourceList } from './catalog-documents.ts';
import { knownCatalog } from './known-catalog.ts';
import { answerPathNotFound } from './path-not-found.ts';
import { serveContent } from './served-content.ts';

/**
 * The paths of discovery and OpenAPI, all answered from memory. Anything else is none of theirs: 404. `foreign`: keys
 * (`apis/<group>/<version>`) of what is somebody else's in the app cluster, undefined while it is not known.
 */
export function answerFromCatalog(
  exchange: Exchange,
  catalog: Catalog | undefined,
  foreign: ReadonlySet<string> | undefined,
): void {
  const { path, verb } = exchange.info as { path: string; verb: string };
  const segments = path.replace(/\/$/, '').split('/').slice(1);
  const [root, group, version, ...more] = segments;
  if (root === 'apis' && group !== undefined && more.length === 0) {
    const known = knownCatalog(catalog);
    if (version === undefined) return answerDocument(exchange, known.group(group));
    const list = known.resourceList(group, version);
    // As in apiserver/pkg/endpoints/discovery/version.go: no method is looked at, and no ETag is given.
    return list ? answerResourceList(exchange, list) : answerPathNotFound(exchange);
  }
  if (!['get', 'head'].includes(verb)) throw pathNotFound();
  if (root === 'apis' && group === undefined) return answerGroups(exchange, knownCatalog(catalog));
  if (root === 'openapi') return answerOpenApi(exchange, knownCatalog(catalog), foreign, segments.slice(1));
  return answerPathNotFound(exchange);
}

function answerGroups(exchange: Exchange, catalog: Catalog): void {
  const aggregated = aggregatedVersion(exchange.header('accept') ?? '');
  if (aggregated === undefined) return answerDocument(exchange, catalog.groupList);
  const contentType = `application/json;g=apidiscovery.k8s.io;v=${aggregated};as=APIGroupDiscoveryList`;
  const document = aggregated === 'v2' ? catalog.discoveryV2 : catalog.discoveryV2beta1;
  return answerDocument(exchange, document, contentType);
}

/** The first aggregated form the client lists, in its own order; kube-aggregators up to 1.29 know v2beta1 only. */
function aggregatedVersion(accept: string): 'v2' | 'v2beta1' | undefined {
  const clause = accept
    .split(',')
    .find(
      (text) =>
        text.includes('g=apidiscovery.k8s.io') &&
        text.includes('as=APIGroupDiscoveryList') &&
        text.includes('application/json'),
    );
  if (clause === undefined) return undefined;
  return /v=v2beta1/.test(clause) ? 'v2beta1' : 'v2';
}

function answerOpenApi(
  exchange: Exchange,
  catalog: Catalog,
  foreign: ReadonlySet<string> | undefined,
  [version, ...rest]: string[],
): void {
  if (version === 'v2' && rest.length === 0) return serveContent(exchange, catalog.openApiV2);
  if (version !== 'v3') return answerPathNotFound(exchange);
  const accept = exchange.header('accept') ?? '*/*';
  if (!/application\/json|\*\/\*|application\/\*/.test(accept)) {
    // kube-openapi/pkg/handler3 says no more.
    exchange.answer(406, { vary: 'Accept' }, Buffer.alloc(0));
    return;
  }
  // A `hash` of another version of the document is answered with the current one: the redirect that Go's handler
  // gives here is turned into a 502 by the aggregator.
  const document = rest.length === 0 ? openApiRoot(catalog, foreign) : catalog.openApiV3(rest.join('/'));
  return document ? serveContent(exchange, document) : answerPathNotFound(exchange);
}

/**
 * kube-aggregator merges this list unfiltered (kube-aggregator/pkg/controllers/openapiv3/aggregator), so a group version
 * that is somebody else's must not be on it. `/apis` goes on listing it: there the aggregator takes only what an APIService
 * of ours stands for, and would publish one that is left out by mistake as empty.
 */
function openApiRoot(catalog: Catalog, foreign: ReadonlySet<string> | undefined): ServedDocument {
  if (!foreign)
    throw serviceUnavailable('the APIServices of the app cluster are not known yet', 1).causedBy(
      'app_cluster_unavailable',
    );
  return catalog.openApiV3RootWithout(foreign);
}
