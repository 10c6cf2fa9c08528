import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createServer as createHttp2Server, type Http2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';

/** A span as it came over OTLP. Ids are hexadecimal; of attributes only texts, truths and integers are read. */
export interface ReceivedSpan {
  service: string;
  traceId: string;
  spanId: string;
  parentSpanId: string;
  /** tracestate of the hop before. */
  state: string;
  name: string;
  /** 2 server, 3 client (opentelemetry/proto/trace/v1/trace.proto). */
  kind: number;
  attributes: Record<string, string | number | boolean>;
  /** 2 for an error. */
  status: number;
}

/**
 * A receiver of spans, over HTTP as the connector sends them and over gRPC as kube-apiserver does. It reads the protobuf by
 * itself, so that no library is on both ends.
 */
export class TraceReceiver implements AsyncDisposable {
  readonly spans: ReceivedSpan[] = [];
  /** Media types that came over HTTP. */
  readonly mediaTypes = new Set<string>();
  readonly #http: Server;
  readonly #grpc: Http2Server;

  private constructor() {
    this.#http = createServer((req, res) => {
      this.mediaTypes.add(req.headers['content-type'] ?? '');
      const chunks: Buffer[] = [];
      req.on('data', (chunk: Buffer) => chunks.push(chunk));
      req.once('end', () => {
        if (req.method === 'POST' && req.url === '/v1/traces') this.#take(Buffer.concat(chunks));
        res.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
      });
    });
    this.#grpc = createHttp2Server();
    this.#grpc.on('stream', (stream) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.once('end', () => {
        // Each message stands behind one byte for compression and four for its length.
        this.#take(Buffer.concat(chunks).subarray(5));
        stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
        stream.end(Buffer.alloc(5));
      });
    });
  }

  static async start(): Promise<TraceReceiver> {
    const receiver = new TraceReceiver();
    for (const server of [receiver.#http, receiver.#grpc]) {
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
    }
    return receiver;
  }

  /** For --tracing-endpoint. */
  get url(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  /** For a TracingConfiguration of kube-apiserver. */
  get grpcEndpoint(): string {
    return `127.0.0.1:${(this.#grpc.address() as AddressInfo).port}`;
  }

  of(traceId: string): ReceivedSpan[] {
    return this.spans.filter((span) => span.traceId === traceId);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#http.closeAllConnections();
    this.#http.close();
    this.#grpc.close();
    await Promise.resolve();
  }

  /** ExportTraceServiceRequest (opentelemetry/proto/collector/trace/v1/trace_service.proto). */
  #take(message: Buffer): void {
    for (const resourceSpans of all(message, 1)) {
      const service = String(
        attributesOf(all(all(resourceSpans, 1)[0] ?? Buffer.alloc(0), 1))['service.name'],
      );
      for (const scopeSpans of all(resourceSpans, 2))
        for (const span of all(scopeSpans, 2)) this.spans.push({ service, ...spanOf(span) });
    }
  }
}

function spanOf(span: Buffer): Omit<ReceivedSpan, 'service'> {
  const hex = (field: number): string => all(span, field)[0]?.toString('hex') ?? '';
  return {
    traceId: hex(1),
    spanId: hex(2),
    parentSpanId: hex(4),
    state: all(span, 3)[0]?.toString() ?? '',
    name: all(span, 5)[0]?.toString() ?? '',
    kind: number(span, 6) ?? 0,
    attributes: attributesOf(all(span, 9)),
    status: number(all(span, 15)[0] ?? Buffer.alloc(0), 3) ?? 0,
  };
}

function attributesOf(pairs: Buffer[]): ReceivedSpan['attributes'] {
  const entries = pairs.map((pair): [string, string | number | boolean] => {
    const value = all(pair, 2)[0] ?? Buffer.alloc(0);
    const truth = number(value, 2);
    const text = all(value, 1)[0]?.toString();
    return [
      all(pair, 1)[0]?.toString() ?? '',
      text ?? (truth === undefined ? (number(value, 3) ?? '') : truth === 1),
    ];
  });
  return Object.fromEntries(entries);
}

/** The occurrences of a field of bytes. */
function all(message: Buffer, field: number): Buffer[] {
  return [...fieldsOf(message)].flatMap(([at, value]) =>
    at === field && Buffer.isBuffer(value) ? [value] : [],
  );
}

function number(message: Buffer, field: number): number | undefined {
  for (const [at, value] of fieldsOf(message)) if (at === field && typeof value === 'number') return value;
  return undefined;
}

/** Protobuf's wire: varints, 64 bits, bytes and 32 bits (protobuf.dev/programming-guides/encoding). */
function* fieldsOf(message: Buffer): Generator<[field: number, value: number | Buffer]> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = message.readUInt8(at++);
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const tag = varint();
    const [field, type] = [Math.floor(tag / 8), tag % 8];
    if (type === 0) yield [field, varint()];
    else {
      const length = type === 2 ? varint() : type === 1 ? 8 : 4;
      yield [field, message.subarray(at, at + length)];
      at += length;
    }
  }
}
