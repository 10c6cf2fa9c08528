import type { OutgoingHttpHeaders } from 'node:http';
import { notAcceptable, pathNotFound } from '../apimachinery/status.ts';
import type { Catalog, ServedDocument } from '../catalog/catalog.ts';
import type { Exchange } from '../downstream/exchange.ts';
import { knownCatalog } from './known-catalog.ts';

/** The paths of discovery and OpenAPI, all answered from memory. Anything else is none of theirs: 404. */
export function answerFromCatalog(exchange: Exchange, catalog: Catalog | undefined): void {
  const { path, verb } = exchange.info as { path: string; verb: string };
  const segments = path.replace(/\/$/, '').split('/').slice(1);
  const [root] = segments;
  if ((root !== 'apis' && root !== 'openapi') || !['get', 'head'].includes(verb)) throw pathNotFound();
  const known = knownCatalog(catalog);
  if (root === 'apis') answerDiscovery(exchange, known, segments);
  else answerOpenApi(exchange, known, segments);
}

function answerDiscovery(exchange: Exchange, catalog: Catalog, [, group, version]: string[]): void {
  if (group === undefined) {
    const aggregated = aggregatedVersion(exchange.header('accept') ?? '');
    if (aggregated === undefined) return answerDocument(exchange, catalog.groupList);
    const contentType = `application/json;g=apidiscovery.k8s.io;v=${aggregated};as=APIGroupDiscoveryList`;
    return answerDocument(
      exchange,
      aggregated === 'v2' ? catalog.discoveryV2 : catalog.discoveryV2beta1,
      contentType,
    );
  }
  return answerDocument(
    exchange,
    version === undefined ? catalog.group(group) : catalog.resourceList(group, version),
  );
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

function answerOpenApi(exchange: Exchange, catalog: Catalog, [, version, ...rest]: string[]): void {
  if (version === 'v2' && rest.length === 0) return answerDocument(exchange, catalog.openApiV2);
  if (version !== 'v3') throw pathNotFound();
  const accept = exchange.header('accept') ?? '*/*';
  if (!/application\/json|\*\/\*|application\/\*/.test(accept)) throw notAcceptable(['application/json']);
  // A `hash` of another version of the document is answered with the current one: the redirect that Go's handler
  // gives here is turned into a 502 by the aggregator.
  return answerDocument(
    exchange,
    rest.length === 0 ? catalog.openApiV3Root : catalog.openApiV3(rest.join('/')),
  );
}

function answerDocument(
  exchange: Exchange,
  document: ServedDocument | undefined,
  contentType = 'application/json',
): void {
  if (!document) throw pathNotFound();
  const headers: OutgoingHttpHeaders = { 'content-type': contentType, etag: document.etag, vary: 'Accept' };
  const known = exchange
    .header('if-none-match')
    ?.split(',')
    .map((tag) => tag.trim().replace(/^W\//, ''));
  if (known?.includes(document.etag)) {
    exchange.res.writeHead(304, { etag: document.etag, vary: 'Accept' });
    exchange.res.end();
    return;
  }
  exchange.answer(200, headers, document.body);
}
