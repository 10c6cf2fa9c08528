import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import https from 'node:https';
import { createRequire } from 'node:module';
import path from 'node:path';
import { readConfig, serve } from './server.ts';

/** What http-proxy and http-proxy-3 have in common, as far as it is used here. */
interface Proxy {
  web(request: IncomingMessage, response: ServerResponse): void;
  on(
    event: 'proxyRes',
    listener: (answer: IncomingMessage, request: IncomingMessage, response: ServerResponse) => void,
  ): void;
  on(
    event: 'error',
    listener: (error: Error, request: IncomingMessage, response: ServerResponse) => void,
  ): void;
}

/**
 * Candidates: `http-proxy` and `http-proxy-3`. They are no dependencies of this project: the second argument is a folder
 * with their node_modules, the third the name of one of them.
 */
const [, , , modules, name] = process.argv;
if (modules === undefined || name === undefined)
  throw new Error('usage: http-proxy.ts CONFIG FOLDER PACKAGE');
const { createProxyServer } = createRequire(path.join(path.resolve(modules), 'package.json'))(name) as {
  createProxyServer: (options: object) => Proxy;
};
const config = readConfig();
const proxy = createProxyServer({
  target: config.upstream,
  agent: new https.Agent({ keepAlive: true, maxFreeSockets: 256, ca: readFileSync(config.upstreamCaFile) }),
  changeOrigin: true,
  secure: true,
  headers: { authorization: `Bearer ${config.token}` },
});
// Neither sends the headers of a watch before its first event.
proxy.on('proxyRes', (_answer, request, response) => {
  if (request.url?.includes('watch=')) setImmediate(() => response.flushHeaders());
});
proxy.on('error', (_error, _request, response) => response.destroy());

serve(config, (request, response) => proxy.web(request, response));
