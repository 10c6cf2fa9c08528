import {
  answerObject,
  hashedName,
  type NamedClaimRequest,
  upstreamHeaders,
  upstreamPath,
  wanted,
} from './claim-request.ts';

/** GET of one object or its status. */
export async function getClaim(request: NamedClaimRequest): Promise<void> {
  const { exchange, link, app } = request;
  const { accept, query, columns } = wanted(request);
  const answer = await link.controlPlane.collect({
    method: 'GET',
    path: upstreamPath(request, hashedName(request, app), query),
    headers: upstreamHeaders(exchange, accept),
    cancellation: exchange.gone,
  });
  await answerObject(request, answer, columns);
}
