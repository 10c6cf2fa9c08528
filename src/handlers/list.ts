import { elementEditor, ListToApp } from '../mapping/list.ts';
import { selectionToControlPlane } from '../mapping/selectors.ts';
import { forwardedHeaders } from '../upstream/answer-headers.ts';
import type { Answer, UpstreamRequest } from '../upstream/control-plane.ts';
import { answerRefusal, type ClaimRequest, upstreamHeaders, upstreamPath, wanted } from './claim-request.ts';

/** Up to this size an answer is held back and sent as one write with its length. */
const wholeAnswerBytes = 64 * 1024;

/** LIST, in one namespace or in all. */
export async function listClaims(request: ClaimRequest): Promise<void> {
  const { accept, query, columns } = wanted(request);
  selectOwn(request, query);
  await streamList(
    request,
    {
      method: 'GET',
      path: upstreamPath(request, undefined, query),
      headers: upstreamHeaders(request.exchange, accept),
      cancellation: request.exchange.gone,
    },
    new ListToApp(elementEditor(columns), request.link.connection.clusterID),
  );
}

/** Replaces the selectors of the query by those for the control plane. */
export function selectOwn({ info, link, resource }: ClaimRequest, query: URLSearchParams): void {
  const fieldSelector = query.get('fieldSelector') ?? undefined;
  const byPath = info.name === undefined ? fieldSelector : `metadata.name=${info.name}`;
  const selection = selectionToControlPlane(
    {
      namespace: info.namespace,
      labelSelector: query.get('labelSelector') ?? undefined,
      fieldSelector: byPath,
    },
    link.connection,
    resource.prefix,
  );
  query.set('labelSelector', selection.labelSelector);
  if (selection.fieldSelector === undefined) query.delete('fieldSelector');
  else query.set('fieldSelector', selection.fieldSelector);
}

/**
 * Passes a list on while it arrives. An answer that breaks off in its middle breaks the connection: a partial list
 * would be taken for deletions.
 */
export async function streamList(
  request: ClaimRequest,
  upstream: UpstreamRequest,
  transform: ListToApp,
): Promise<void> {
  const { exchange, link } = request;
  const { res } = exchange;
  const refused: Answer = { status: 0, headers: {}, body: Buffer.alloc(0) };
  const held: Buffer[] = [];
  let heldBytes = 0;
  const send = (bytes: Buffer): boolean => {
    if (bytes.length === 0) return true;
    if (!res.headersSent) {
      held.push(bytes);
      heldBytes += bytes.length;
      if (heldBytes <= wholeAnswerBytes) return true;
      res.writeHead(200, forwardedHeaders(refused.headers));
      return res.write(Buffer.concat(held.splice(0), heldBytes));
    }
    return res.write(bytes);
  };
  await link.controlPlane.forward(upstream, {
    start: (status, headers, resume) => {
      refused.status = status;
      refused.headers = headers;
      res.on('drain', resume);
    },
    data: (chunk) => {
      if (refused.status === 200) return send(transform.push(chunk));
      refused.body = Buffer.concat([refused.body, chunk]);
      return true;
    },
    end: () => {
      if (refused.status === 200) send(transform.end());
    },
  });
  if (refused.status !== 200) await answerRefusal(request, refused, undefined);
  else if (res.headersSent) res.end();
  else exchange.answer(200, forwardedHeaders(refused.headers), Buffer.concat(held, heldBytes));
}
