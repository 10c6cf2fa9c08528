import { createSecureServer, type Http2SecureServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { type ProtobufField, protobufMessage } from '../../src/apimachinery/protobuf.ts';

export interface FunctionAnswer {
  /** Objects to apply, by their names in the pipeline. */
  desired?: Readonly<Record<string, object>>;
  output?: object;
  /** Ends the run as a failure. */
  fatal?: string;
}

/** What Crossplane runs as a composition function: FunctionRunnerService of apiextensions.fn.proto.v1 over gRPC. */
export class FunctionServer implements AsyncDisposable {
  /** For status.endpoint of a FunctionRevision. */
  readonly endpoint: string;
  readonly #server: Http2SecureServer;

  private constructor(endpoint: string, server: Http2SecureServer) {
    this.endpoint = endpoint;
    this.#server = server;
  }

  /** `tls`: a certificate for localhost that Crossplane trusts. */
  static async start(
    tls: { cert: string; key: string },
    answer: () => FunctionAnswer,
  ): Promise<FunctionServer> {
    const server = createSecureServer({ ...tls, allowHTTP1: false });
    server.on('stream', (stream) => respond(stream, answer));
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const { port } = server.address() as AddressInfo;
    return new FunctionServer(`dns:///localhost:${port}`, server);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise((resolve) => {
      this.#server.close(resolve);
      // Crossplane keeps its connection.
      resolve(undefined);
    });
  }
}

function respond(stream: ServerHttp2Stream, answer: () => FunctionAnswer): void {
  stream.on('error', () => undefined);
  stream.on('end', () => {
    const message = responseOf(answer());
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(message.length, 1);
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(Buffer.concat([prefix, message]));
  });
  stream.resume();
}

/** RunFunctionResponse: meta 1, desired 2, results 3, output 7. */
function responseOf({ desired = {}, fatal, output }: FunctionAnswer): Buffer {
  const resources = Object.entries(desired).map(([name, object]): ProtobufField => [
    2,
    entry(name, protobufMessage([[1, struct(object)]])),
  ]);
  return protobufMessage([
    [1, protobufMessage([[1, 'test']])],
    [2, protobufMessage(resources)],
    ...(fatal === undefined
      ? []
      : [
          [
            3,
            protobufMessage([
              [1, 1],
              [2, fatal],
            ]),
          ] as const,
        ]),
    ...(output ? [[7, struct(output)] as const] : []),
  ]);
}

/** google.protobuf.Struct; texts, truths, lists and objects are enough here. */
function struct(object: object): Buffer {
  return protobufMessage(Object.entries(object).map(([key, value]) => [1, entry(key, valueOf(value))]));
}

function valueOf(value: unknown): Buffer {
  if (typeof value === 'string') return protobufMessage([[3, value]]);
  if (typeof value === 'boolean') return protobufMessage([[4, value]]);
  if (Array.isArray(value))
    return protobufMessage([[6, protobufMessage(value.map((item) => [1, valueOf(item)] as const))]]);
  if (typeof value === 'object' && value !== null) return protobufMessage([[5, struct(value)]]);
  throw new Error(`no protobuf is made of ${typeof value}`);
}

function entry(key: string, value: Buffer): Buffer {
  return protobufMessage([
    [1, key],
    [2, value],
  ]);
}
