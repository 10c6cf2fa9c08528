import { Cancellation } from '../base/cancellation.ts';
import { badRequest, notAcceptable } from '../apimachinery/status.ts';
import { editToApp } from '../mapping/claim-view.ts';
import { parseFieldSelector } from '../mapping/selectors.ts';
import { editTableToApp } from '../mapping/table.ts';
import { WatchToApp } from '../mapping/watch.ts';
import { forwardedHeaders } from '../upstream/answer-headers.ts';
import type { Answer } from '../upstream/control-plane.ts';
import {
  type ClaimRequest,
  ownStatus,
  refusalStatus,
  upstreamHeaders,
  upstreamPath,
  type Wanted,
  wanted,
} from './claim-request.ts';
import { selectOwn } from './lists/list.ts';
import { type WatchStart, watchStart } from './watch-start.ts';

const streamTypes = [
  'application/json;stream=watch',
  'application/vnd.kubernetes.protobuf;stream=watch',
] as const;

/** WATCH, in one namespace or in all, and its old form. Ends when the control plane ends it, or the client goes. */
export async function watchClaims(request: ClaimRequest): Promise<void> {
  const { exchange } = request;
  const { res } = exchange;
  const want = wantedStream(request);
  requireSameName(request);
  selectOwn(request, want.query);
  want.query.set('watch', 'true');
  const room = request.lists.lease();
  const start = watchStart(want.query, want.columns !== undefined, room);
  const ending = new Cancellation();
  exchange.gone.onCancel((reason) => ending.cancel(reason));
  exchange.endEarly = (reason) => ending.cancel(reason);
  let answer: Answer;
  try {
    answer = await streamEvents(request, want, start, ending);
    const isRefused = answer.status === 422 && start.isMarkedByUs;
    if (isRefused) answer = await streamEvents(request, want, { query: want.query }, ending);
  } catch (error) {
    // A watch may end at any time; clients list or watch again from the last version they saw.
    if (!res.headersSent) throw error;
    res.end();
    return;
  } finally {
    room.end();
  }
  if (res.headersSent) res.end();
  else
    exchange.answerStatus(
      answer.status,
      await refusalStatus(request, answer, undefined),
      forwardedHeaders(answer.headers),
    );
}

/** Streams the events of one upstream watch; gives the whole answer where it is none. */
async function streamEvents(
  request: ClaimRequest,
  { accept, columns }: Wanted,
  { query, initial, dropsBookmarks }: Omit<WatchStart, 'isMarkedByUs'>,
  ending: Cancellation,
): Promise<Answer> {
  const { exchange, link } = request;
  const { res } = exchange;
  const transform = new WatchToApp({
    editObject: columns
      ? (bytes, at, limit, edits) => editTableToApp(bytes, at, limit, edits, columns)
      : editToApp,
    clusterID: link.connection.clusterID,
    namespace: request.info.namespace,
    mapStatus: (status) => ownStatus(request, status),
    ...(initial ? { initial } : {}),
    ...(dropsBookmarks ? { dropsBookmarks } : {}),
  });
  let stay: (() => unknown) | undefined;
  const streamed = link.controlPlane.stream(
    {
      method: 'GET',
      path: upstreamPath(request, undefined, query),
      headers: upstreamHeaders(exchange, accept),
      longRunning: true,
      cancellation: ending,
      record: exchange.record,
    },
    {
      start: (_status, headers, resume) => {
        res.on('drain', resume);
        res.writeHead(200, forwardedHeaders(headers));
        // The client waits for the header, not for the first event.
        res.flushHeaders();
        // Not before: a watch that has begun can end in order, one that has not would fail.
        stay = exchange.draining.onCancel((reason) => ending.cancel(reason));
      },
      data: (chunk) => {
        const events = transform.push(chunk);
        return events.length === 0 || res.write(events);
      },
      end: () => {
        const events = transform.end();
        if (events.length > 0) res.write(events);
      },
    },
  );
  return await streamed.finally(() => stay?.());
}

/** As `wanted`. There is no stream in YAML, which is said in words of its own (apiserver/pkg/endpoints/handlers/watch.go). */
function wantedStream(request: ClaimRequest): Wanted {
  const want = wanted(request);
  if (want.form === 'yaml') throw notAcceptable(streamTypes);
  return want;
}

/** The old form with a name takes a field selector only for that name (apiserver/pkg/endpoints/handlers/get.go). */
function requireSameName({ info }: ClaimRequest): void {
  const terms = parseFieldSelector(info.query.get('fieldSelector') ?? '');
  if (info.name === undefined || terms.length === 0) return;
  const isSame = terms.some(
    ({ field, value, negated }) => field === 'metadata.name' && !negated && value === info.name,
  );
  if (!isSame) throw badRequest("fieldSelector metadata.name doesn't match requested name");
}
