import { badRequest } from '../apimachinery/status.ts';
import { elementEditor, ListToApp } from '../mapping/list.ts';
import { type ClaimRequest, upstreamHeaders, upstreamPath, wanted } from './claim-request.ts';
import { backgroundOptions, readOptions, takePolicy } from './delete.ts';
import { selectOwn, streamList } from './list.ts';

/**
 * DELETECOLLECTION, narrowed to the objects of this app cluster and namespace: passed on as it is, it would delete the
 * claims of every namespace that shares the claim namespace.
 */
export async function deleteClaims(request: ClaimRequest): Promise<void> {
  const { exchange, link } = request;
  const options = await readOptions(request);
  const { accept, query, columns } = wanted(request);
  const policy = takePolicy(options, query);
  if (policy !== 'Background') {
    throw badRequest(
      `a collection cannot be deleted with propagationPolicy ${policy} here; delete its objects one by one`,
    );
  }
  selectOwn(request, query);
  await streamList(
    request,
    {
      method: 'DELETE',
      path: upstreamPath(request, undefined, query),
      headers: upstreamHeaders(exchange, accept, 'application/json'),
      body: backgroundOptions(options),
      cancellation: exchange.gone,
    },
    new ListToApp(elementEditor(columns), link.connection.clusterID),
  );
}
