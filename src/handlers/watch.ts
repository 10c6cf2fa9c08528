import { Cancellation } from '../base/cancellation.ts';
import { serviceUnavailable } from '../apimachinery/status.ts';
import { editToApp } from '../mapping/claim.ts';
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
  wanted,
} from './claim-request.ts';
import { selectOwn } from './list.ts';

/** WATCH, in one namespace or in all, and its old form. Ends when the control plane ends it, or the client goes. */
export async function watchClaims(request: ClaimRequest): Promise<void> {
  const { exchange, link } = request;
  const { res } = exchange;
  const { accept, query, columns } = wanted(request);
  selectOwn(request, query);
  query.set('watch', 'true');
  const transform = new WatchToApp({
    editObject: columns
      ? (bytes, at, limit, edits) => editTableToApp(bytes, at, limit, edits, columns)
      : editToApp,
    clusterID: link.connection.clusterID,
    mapStatus: (status) => ownStatus(request, status),
  });
  const ending = new Cancellation();
  exchange.gone.onCancel((reason) => ending.cancel(reason));
  const stay = exchange.draining.onCancel((reason) => ending.cancel(reason));
  const answer: Answer = { status: 0, headers: {}, body: Buffer.alloc(0) };
  try {
    await link.controlPlane.forward(
      {
        method: 'GET',
        path: upstreamPath(request, undefined, query),
        headers: upstreamHeaders(exchange, accept),
        longRunning: true,
        cancellation: ending,
      },
      {
        start: (status, headers, resume) => {
          answer.status = status;
          answer.headers = headers;
          if (status !== 200) return;
          res.on('drain', resume);
          res.writeHead(200, forwardedHeaders(headers));
          // The client waits for the header, not for the first event.
          res.flushHeaders();
        },
        data: (chunk) => {
          if (answer.status !== 200) {
            answer.body = Buffer.concat([answer.body, chunk]);
            return true;
          }
          const events = transform.push(chunk);
          return events.length === 0 || res.write(events);
        },
        end: () => undefined,
      },
    );
  } catch (error) {
    // A watch may end at any time; clients list or watch again from the last version they saw.
    if (!res.headersSent)
      throw exchange.draining.reason ? serviceUnavailable('the connector stops', 1, error) : error;
  } finally {
    stay();
  }
  if (res.headersSent) res.end();
  else
    exchange.answerStatus(
      answer.status,
      await refusalStatus(request, answer, undefined),
      forwardedHeaders(answer.headers),
    );
}
