import type { TextForm } from '../../apimachinery/media-types.ts';
import { writeAs } from '../../apimachinery/text-form.ts';
import { elementEditor, ListToApp } from '../../mapping/list.ts';
import { forwardedHeaders } from '../../upstream/answer-headers.ts';
import type { Answer, UpstreamRequest } from '../../upstream/control-plane.ts';
import { type ClaimRequest, upstreamHeaders, upstreamPath, type Wanted } from '../claim-request.ts';
import { ListWriter } from './list-writer.ts';

/** The list on the control plane, whose selectors stand in the query already. */
export function listRequest(request: ClaimRequest, { accept, query }: Wanted): UpstreamRequest {
  return {
    method: 'GET',
    path: upstreamPath(request, undefined, query),
    headers: upstreamHeaders(request.exchange, accept),
    cancellation: request.exchange.gone,
    record: request.exchange.record,
  };
}

export function newTransform({ link, info }: ClaimRequest, { columns }: Wanted): ListToApp {
  return new ListToApp(elementEditor(columns), link.connection.clusterID, info.namespace);
}

/** Writes a list that is there whole. */
export async function answerList(
  { exchange }: ClaimRequest,
  form: TextForm,
  answer: Pick<Answer, 'headers'>,
  pieces: Iterable<Buffer>,
): Promise<void> {
  const headers = forwardedHeaders(answer.headers);
  const writer = new ListWriter(exchange, headers, form, () => undefined);
  await writer.writeAll(form === 'yaml' ? [writeAs('yaml', Buffer.concat([...pieces]))] : pieces);
  writer.end();
}
