import type { IncomingHttpHeaders } from 'node:http';
import { request } from 'node:https';
import { accessFromFile } from '../../src/clusters/cluster-access.ts';
import type { Credential } from '../../src/clusters/credential.ts';

export interface ApiRequest {
  /** GET when left out. */
  method?: string;
  headers?: Record<string, string | string[]>;
  /** Sent as it is; anything but text as JSON. Content-Type is application/json unless `headers` say otherwise. */
  body?: unknown;
  /** A user of the app cluster to act as, with the rights of that user. */
  as?: string;
}

export interface ApiAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  /** The body as JSON; numbers beyond 2^53 are not to be trusted here. */
  json(): unknown;
}

/** How a request is authenticated; nothing is a client without a certificate. */
export interface ClientMaterial {
  cert?: string | Buffer | undefined;
  key?: string | Buffer | undefined;
  token?: string | undefined;
}

/**
 * One HTTP exchange with an API server, with the credential of a kubeconfig; an answer outside 2xx is a result. `path` goes
 * out as it stands: no library resolves its dots.
 */
export async function askApi(
  { kubeconfig }: { kubeconfig: string },
  path: string,
  options: ApiRequest = {},
): Promise<ApiAnswer> {
  const access = accessFromFile(kubeconfig);
  const credential = await access.credential();
  return await ask(access.server, access.basePath + path, options, credential);
}

/**
 * The same straight to a connector (or any server of the machine), past kube-apiserver. Its certificate is not verified:
 * what is looked at is whom it believes.
 */
export function askDirectly(
  url: string,
  path: string,
  options: ApiRequest & { client?: ClientMaterial } = {},
): Promise<ApiAnswer> {
  const { cert, key, token } = options.client ?? {};
  const tls = { rejectUnauthorized: false, ...(cert && key ? { cert, key } : {}) };
  return ask(new URL(url), path, options, {
    tls,
    authorization: token === undefined ? undefined : `Bearer ${token}`,
  });
}

/** The client certificate of a kubeconfig. */
export async function certificateOf({ kubeconfig }: { kubeconfig: string }): Promise<ClientMaterial> {
  const { tls } = await accessFromFile(kubeconfig).credential();
  return { cert: tls.cert, key: tls.key };
}

async function ask(
  { hostname, port, host }: URL,
  path: string,
  options: ApiRequest,
  { tls, authorization }: Credential,
): Promise<ApiAnswer> {
  const { method = 'GET', headers = {}, body, as } = options;
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  return await new Promise((resolve, reject) => {
    const outgoing = request(
      {
        ...tls,
        host: hostname,
        port,
        path,
        method,
        agent: false,
        timeout: 30_000,
        headers: {
          // Of a DELETE, Node sends no length by itself, and the server would see no body.
          ...(text === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) }),
          ...(authorization === undefined ? {} : { authorization }),
          ...(as === undefined ? {} : { 'impersonate-user': as }),
          ...headers,
        },
      },
      (answer) => {
        let received = '';
        answer.setEncoding('utf8');
        answer.on('data', (chunk: string) => (received += chunk));
        answer.once('error', reject);
        answer.once('end', () =>
          resolve({
            status: answer.statusCode ?? 0,
            headers: answer.headers,
            text: received,
            json: () => JSON.parse(received) as unknown,
          }),
        );
      },
    );
    outgoing.once('timeout', () => outgoing.destroy(new Error(`no answer of ${host} in 30 s`)));
    outgoing.once('error', reject);
    outgoing.end(text);
  });
}
