import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import https from 'node:https';
import type { PassThroughConfig } from '../pass-through.ts';

/** The configuration that the script was started with, as its first argument. */
export function readConfig(): PassThroughConfig {
  const [, , file] = process.argv;
  if (file === undefined) throw new Error(`usage: ${process.argv[1]} CONFIG`);
  return JSON.parse(readFileSync(file, 'utf8')) as PassThroughConfig;
}

/** TLS options of the aggregator's side, the same for every candidate. */
export function servingTls(config: PassThroughConfig) {
  return {
    cert: readFileSync(config.certFile),
    key: readFileSync(config.keyFile),
    ca: readFileSync(config.clientCaFile),
    requestCert: true,
    rejectUnauthorized: true,
  };
}

/** Serves as pass-through.ts does, so that candidates differ in how they forward only. */
export function serve(
  config: PassThroughConfig,
  forward: (request: IncomingMessage, response: ServerResponse) => void,
): void {
  const server = https.createServer(servingTls(config), (request, response) => {
    if (request.url?.startsWith('/openapi/')) response.writeHead(404).end();
    else forward(request, response);
  });
  server.keepAliveTimeout = 120_000;
  server.listen(config.port, '127.0.0.1');
}
