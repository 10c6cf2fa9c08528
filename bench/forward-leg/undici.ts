import { readFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { Pool } from 'undici';
import { readConfig, serve } from './server.ts';

/** Candidate: undici's `dispatch`, the lowest of its calls: no stream objects between the two sockets. */
const config = readConfig();
const { host } = new URL(config.upstream);
const authorization = `Bearer ${config.token}`;
const pool = new Pool(config.upstream, {
  allowH2: false,
  connections: 256,
  pipelining: 1,
  keepAliveTimeout: 90_000,
  keepAliveMaxTimeout: 90_000,
  headersTimeout: 0,
  bodyTimeout: 0,
  connect: { ca: readFileSync(config.upstreamCaFile) },
});

serve(config, (request, response) => {
  const { method = 'GET', url = '/' } = request;
  const hasBody =
    request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined;
  pool.dispatch(
    { method, path: url, headers: forwarded(request.headers), body: hasBody ? request : null },
    {
      onRequestStart(controller) {
        response.on('drain', () => controller.resume());
        response.on('close', () => {
          if (!response.writableFinished) controller.abort(new Error('the client has gone'));
        });
      },
      onResponseStart(_controller, status, headers) {
        response.writeHead(status, headers);
        if (url.includes('watch=')) response.flushHeaders();
      },
      onResponseData(controller, chunk) {
        if (!response.write(chunk)) controller.pause();
      },
      onResponseEnd() {
        response.end();
      },
      onResponseError() {
        response.destroy();
      },
    },
  );
});

function forwarded(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const copy: IncomingHttpHeaders = { ...headers, host, authorization };
  delete copy.connection;
  delete copy['transfer-encoding'];
  return copy;
}
