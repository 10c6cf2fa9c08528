import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { LabAuthority } from '../../src/demo/certificates.ts';

interface Queue {
  apiVersion: string;
  metadata?: Record<string, unknown>;
  spec?: Record<string, unknown>;
  [key: string]: unknown;
}

interface ConversionReview {
  apiVersion: string;
  kind: string;
  request: { uid: string; desiredAPIVersion: string; objects: Queue[] };
}

/** A queue of this size cannot be converted. */
export const unconvertible = 'broken';

/**
 * Converts the `queues` of apis.yaml for the API servers of both sides: the size stands in `spec.size` (v1),
 * `spec.capacity.size` (v1beta1) or `spec.gigabytes` (v1alpha1). It runs on this machine, as the API servers do.
 */
export class ConversionWebhook implements AsyncDisposable {
  readonly url: string;
  /** Base64 of PEM, as a CRD holds it. */
  readonly caBundle: string;
  readonly #server: Server;

  private constructor(server: Server, caBundle: string) {
    this.#server = server;
    this.caBundle = caBundle;
    this.url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/convert`;
  }

  static async start(): Promise<ConversionWebhook> {
    const authority = await LabAuthority.create('oracle-conversion');
    const { cert, key } = await authority.issue({ commonName: 'conversion', hosts: ['127.0.0.1'] });
    const server = createServer({ cert, key }, (req, res) => {
      const chunks: Buffer[] = [];
      req.on('data', (chunk: Buffer) => chunks.push(chunk));
      req.once('end', () => {
        const review = JSON.parse(Buffer.concat(chunks).toString('utf8')) as ConversionReview;
        res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer(review)));
      });
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    return new ConversionWebhook(server, Buffer.from(authority.cert).toString('base64'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }
}

function answer({ apiVersion, kind, request }: ConversionReview): object {
  const { uid, desiredAPIVersion, objects } = request;
  const sizes = objects.map(sizeOf);
  const response = sizes.includes(unconvertible)
    ? { uid, result: { status: 'Failure', message: 'a broken queue cannot be converted' } }
    : {
        uid,
        result: { status: 'Success' },
        convertedObjects: objects.map((object, at) => convert(object, sizes[at], desiredAPIVersion)),
      };
  return { apiVersion, kind, response };
}

function sizeOf({ spec = {} }: Queue): unknown {
  return spec['size'] ?? spec['gigabytes'] ?? (spec['capacity'] as { size?: unknown } | undefined)?.size;
}

function convert(object: Queue, size: unknown, desiredAPIVersion: string): Queue {
  const { size: _size, capacity: _capacity, gigabytes: _gigabytes, ...rest } = object.spec ?? {};
  const version = desiredAPIVersion.split('/')[1];
  const moved =
    version === 'v1' ? { size } : version === 'v1beta1' ? { capacity: { size } } : { gigabytes: size };
  return {
    ...object,
    apiVersion: desiredAPIVersion,
    spec: { ...rest, ...(size === undefined ? {} : moved) },
  };
}
