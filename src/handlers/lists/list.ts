import type { IncomingHttpHeaders } from 'node:http';
import { notAcceptable } from '../../apimachinery/status.ts';
import type { ListToApp } from '../../mapping/list.ts';
import { OrderedList } from '../../mapping/ordered-list.ts';
import { selectionToControlPlane } from '../../mapping/selectors.ts';
import { forwardedHeaders } from '../../upstream/answer-headers.ts';
import type { UpstreamRequest } from '../../upstream/control-plane.ts';
import { answerRefusal, type ClaimRequest, wanted } from '../claim-request.ts';
import { answerList, listRequest, newTransform } from './list-answer.ts';
import { ListWriter } from './list-writer.ts';
import { answerPage, pageOf } from './list-pages.ts';

/** LIST, in one namespace or in all. */
export async function listClaims(request: ClaimRequest): Promise<void> {
  const want = wanted(request);
  selectOwn(request, want.query);
  const page = pageOf(want.query);
  if (page && (await answerPage(request, want, page))) return;
  await streamList(request, listRequest(request, want), newTransform(request, want));
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
 * Answers with a list in the order of a local CRD, where it can be held whole (list-buffers.ts), and passes a longer one on
 * while it arrives, in the control plane's order. An answer that breaks off in its middle breaks the connection: a partial
 * list would be taken for deletions.
 */
export async function streamList(
  request: ClaimRequest,
  upstream: UpstreamRequest,
  transform: ListToApp,
): Promise<void> {
  const { exchange, link, lists } = request;
  const { form } = wanted(request);
  const lease = lists.lease();
  let resume: () => void = notStarted;
  let writer: ListWriter | undefined;
  let headers: IncomingHttpHeaders = {};
  let held: OrderedList | undefined = new OrderedList(lease.slab);
  const take = (bytes: Buffer): boolean => {
    const elements = transform.takeElements();
    if (bytes.length === 0) return true;
    if (held) {
      held.add(bytes, elements);
      if (lease.grow(bytes.length)) return true;
      if (form === 'yaml') throw tooLongForYaml();
      writer = new ListWriter(exchange, forwardedHeaders(headers), form, () => resume());
      const arrived = Buffer.concat([...held.asArrived()]);
      held = undefined;
      lease.end();
      return writer.write(arrived);
    }
    return writer?.write(bytes) ?? true;
  };
  try {
    const answer = await link.controlPlane.stream(upstream, {
      start: (_status, of, go) => {
        headers = of;
        resume = go;
      },
      data: (chunk) => take(transform.push(chunk)),
      end: () => void take(transform.end()),
    });
    if (answer.status !== 200) await answerRefusal(request, answer, undefined);
    else if (held) await answerList(request, form, answer, held.print());
    else writer?.end();
  } finally {
    lease.end();
  }
}

function notStarted(): void {
  // Nothing is paused before the answer begins.
}

/** YAML orders its members, so that it cannot be written while the list arrives. */
function tooLongForYaml(): Error {
  return notAcceptable(['application/json']);
}
