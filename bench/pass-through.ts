import { readFileSync } from 'node:fs';
import https from 'node:https';

/**
 * The baseline of the bench: what a connector in Node costs that does nothing. TLS on both sides, the front proxy's
 * client certificate asked for, connections kept alive, the credential added, bodies piped, nothing parsed.
 *
 * Run as `node pass-through.ts CONFIG`, CONFIG a JSON file of this shape:
 */
export interface PassThroughConfig {
  port: number;
  certFile: string;
  keyFile: string;
  /** The CA that signed the front proxy's client certificate. */
  clientCaFile: string;
  /** Origin of the control plane, and what it is reached with. */
  upstream: string;
  upstreamCaFile: string;
  token: string;
}

function serve(config: PassThroughConfig): void {
  const upstream = new URL(config.upstream);
  const authorization = `Bearer ${config.token}`;
  const agent = new https.Agent({
    keepAlive: true,
    maxFreeSockets: 256,
    ca: readFileSync(config.upstreamCaFile),
  });
  const tls = {
    cert: readFileSync(config.certFile),
    key: readFileSync(config.keyFile),
    ca: readFileSync(config.clientCaFile),
    requestCert: true,
    rejectUnauthorized: true,
  };
  const server = https.createServer(tls, (request, response) => {
    // The control plane's own OpenAPI would be merged into the app cluster's once a minute, and measured with it.
    if (request.url?.startsWith('/openapi/')) {
      response.writeHead(404).end();
      return;
    }
    const { method, url: path, headers } = request;
    const forward = https.request(
      {
        agent,
        hostname: upstream.hostname,
        port: upstream.port,
        method,
        path,
        headers: { ...headers, host: upstream.host, authorization },
      },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        // A watch without events yet has begun all the same; anything else goes out in one piece with its body.
        if (path?.includes('watch=')) response.flushHeaders();
        answer.pipe(response);
        answer.on('error', () => response.destroy());
      },
    );
    forward.on('error', () => response.destroy());
    response.on('close', () => {
      if (!response.writableFinished) forward.destroy();
    });
    request.pipe(forward);
  });
  // Above the 90 s after which Go closes an idle connection: the closing side has to be the client.
  server.keepAliveTimeout = 120_000;
  server.listen(config.port, '127.0.0.1');
}

const file = process.argv[2];
if (file === undefined) throw new Error('usage: pass-through.ts CONFIG');
serve(JSON.parse(readFileSync(file, 'utf8')) as PassThroughConfig);
