import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { describeError } from '../../base/errors.ts';
import type { Readiness } from '../../base/health.ts';
import type { Logger } from '../../base/logger.ts';
import { bodyOf, headOf, requestOf, sendResponse } from './http-exchange.ts';
import { type HttpEndpoint, maxRequestBytes } from './http-endpoint.ts';
import type { RequestGuard } from './request-guard.ts';

/** Whatever else the process serves: true where it has answered the request. */
export type Route = (req: IncomingMessage, res: ServerResponse) => Promise<boolean>;

export interface ListenerOptions {
  guard: RequestGuard;
  endpoint: (name: string) => HttpEndpoint | undefined;
  readiness: Readiness;
  metrics: () => Promise<{ type: string; text: string }>;
  routes: readonly Route[];
  log: Logger;
}

const serverPath = /^\/mcp\/([a-z0-9](?:[-a-z0-9]*[a-z0-9])?)$/;
/** RFC 9728 section 3.1: before the path of the resource. */
const metadataPath = /^\/\.well-known\/oauth-protected-resource(\/mcp\/[^/]+)$/;

/** Everything that HTTP clients of the gateway may ask for. */
export function gatewayListener(options: ListenerOptions): RequestListener {
  return (req, res) => {
    answer(req, res, options).catch((error: unknown) => {
      if (res.destroyed) return;
      options.log.error({ reason: describeError(error), path: pathOf(req) }, 'a request failed');
      if (res.headersSent) res.destroy();
      else
        send(res, 500, {
          error: 'internal',
          message: 'the gateway failed at this request; its log says why',
        });
    });
  };
}

async function answer(req: IncomingMessage, res: ServerResponse, options: ListenerOptions): Promise<void> {
  const path = pathOf(req);
  // Probes and scrapes come by the pod's address, and read only.
  if (await answerProbe(path, res, options)) return;
  const refusal = options.guard.refusal(req);
  if (refusal !== undefined) return send(res, 403, { error: 'forbidden', message: refusal });
  for (const route of options.routes) if (await route(req, res)) return;
  const metadata = metadataPath.exec(path)?.[1];
  const name = serverPath.exec(metadata ?? path)?.[1];
  const endpoint = name === undefined ? undefined : options.endpoint(name);
  if (!endpoint)
    return send(res, 404, {
      error: 'not_found',
      message: `there is nothing at ${path}; servers are at /mcp/<name>, with the names of the gateway's definitions`,
    });
  if (metadata !== undefined) {
    const document = endpoint.resourceMetadata();
    return document
      ? send(res, 200, document)
      : send(res, 404, { error: 'not_found', message: 'this server takes no OAuth tokens' });
  }
  await answerProtocol(req, res, endpoint);
}

async function answerProtocol(
  req: IncomingMessage,
  res: ServerResponse,
  endpoint: HttpEndpoint,
): Promise<void> {
  const gone = new AbortController();
  res.once('close', () => gone.abort());
  // Before a byte of the body: who may not call makes nothing be kept.
  const caller = await endpoint.admit(headOf(req, gone.signal));
  if (caller instanceof Response) return sendResponse(res, caller);
  const text = await bodyOf(req, maxRequestBytes);
  if (text === undefined) {
    const message = `Payload Too Large: a request has at most ${maxRequestBytes} bytes`;
    res.setHeader('connection', 'close');
    return send(res, 413, { jsonrpc: '2.0', error: { code: -32_000, message }, id: null });
  }
  const body = parsedBody(text);
  // Read once here; the SDK takes what was parsed.
  const request = requestOf(req, body === undefined ? text : '', gone.signal);
  await sendResponse(res, await endpoint.fetch(request, body, caller));
}

async function answerProbe(
  path: string,
  res: ServerResponse,
  { readiness, metrics }: ListenerOptions,
): Promise<boolean> {
  const plain = 'text/plain; charset=utf-8';
  switch (path) {
    case '/healthz':
    case '/livez':
      sendText(res, 200, plain, 'ok');
      return true;
    case '/readyz': {
      const { ready, text } = readiness.report();
      sendText(res, ready ? 200 : 503, plain, text);
      return true;
    }
    case '/metrics': {
      const { type, text } = await metrics();
      sendText(res, 200, type, text);
      return true;
    }
    default:
      return false;
  }
}

/** Undefined where it is none: the SDK answers that as the protocol wants it. */
function parsedBody(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function pathOf({ url = '/' }: IncomingMessage): string {
  return url.split('?', 1)[0] ?? '/';
}

function send(res: ServerResponse, status: number, body: object): void {
  sendText(res, status, 'application/json', JSON.stringify(body));
}

function sendText(res: ServerResponse, status: number, type: string, text: string): void {
  res.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  res.end(text);
}
