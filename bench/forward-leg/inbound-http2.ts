import { readFileSync } from 'node:fs';
import http2 from 'node:http2';
import https from 'node:https';
import { readConfig, servingTls } from './server.ts';

/** Not a way to forward but a way to be called: pass-through.ts with HTTP/2 offered to the aggregator, which takes it. */
const config = readConfig();
const upstream = new URL(config.upstream);
const authorization = `Bearer ${config.token}`;
const agent = new https.Agent({
  keepAlive: true,
  maxFreeSockets: 256,
  ca: readFileSync(config.upstreamCaFile),
});
const { hostname, port, host } = upstream;

const server = http2.createSecureServer({ ...servingTls(config), allowHTTP1: true }, (request, response) => {
  const { method, url: path } = request;
  if (path.startsWith('/openapi/')) {
    response.writeHead(404).end();
    return;
  }
  const given = Object.entries(request.headers).filter(([key]) => !key.startsWith(':'));
  const headers = { ...Object.fromEntries(given), host, authorization };
  const forward = https.request({ agent, hostname, port, method, path, headers }, (answer) => {
    // Headers of one HTTP/1.1 connection are an error in HTTP/2 (RFC 9113, 8.2.2).
    const { connection: _connection, 'transfer-encoding': _encoding, ...kept } = answer.headers;
    response.writeHead(answer.statusCode ?? 502, kept);
    answer.pipe(response);
  });
  forward.on('error', () => response.destroy());
  response.on('close', () => {
    if (!response.writableFinished) forward.destroy();
  });
  request.pipe(forward);
});
server.listen(config.port, '127.0.0.1');
