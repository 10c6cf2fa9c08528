/** What a FaultProxy does with what comes to it. The first four are about connections, the others about requests. */
export type FaultMode =
  /** Everything goes through. */
  | { kind: 'pass' }
  /** Nobody listens, and open connections end. */
  | { kind: 'stopped' }
  /** Connections, open and new, are reset. */
  | { kind: 'reset' }
  /**
   * Connections, open and new, swallow what is sent and never answer. They stay dead when the fault is over; with
   * `holds`, they go on then where they stopped, as after a cut network cable.
   */
  | { kind: 'black-hole'; holds?: true }
  /** A serving certificate that has expired; open connections end. */
  | { kind: 'expired-certificate' }
  /** Every answer begins this much later. */
  | { kind: 'slow'; ms: number; only?: RequestFilter }
  /** Requests are read and never answered, or carried out and never answered with `carriesOut`; connections stay. */
  | { kind: 'silent'; carriesOut?: true; only?: RequestFilter }
  /** Answers break off after so many bytes of their body; with `cleanly` they end there as if they were whole. */
  | { kind: 'cut'; bytes: number; cleanly?: true; only?: RequestFilter }
  /** Bytes that are no HTTP. */
  | { kind: 'garbage'; only?: RequestFilter }
  /** A JSON answer that never ends. */
  | { kind: 'endless'; status: number; only?: RequestFilter }
  /** This answer, to everything. */
  | {
      kind: 'answer';
      status: number;
      headers?: Record<string, string>;
      body?: string | Buffer;
      only?: RequestFilter;
    };

export interface SeenRequest {
  method: string;
  /** Path and query. */
  url: string;
  /** Empty where there is none. */
  userAgent: string;
}

/** Requests it is false for go through. */
type RequestFilter = (request: SeenRequest) => boolean;

/** A page as load balancers and proxies answer with. */
export function html(status: number): FaultMode {
  const body = `<html><head><title>${status}</title></head><body><h1>${status} from a proxy</h1></body></html>\n`;
  return { kind: 'answer', status, headers: { 'content-type': 'text/html' }, body };
}

/** An answer of Kubernetes to everything, such as 401. */
export function statusAnswer(code: number, reason: string, message: string): FaultMode {
  const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code };
  return {
    kind: 'answer',
    status: code,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(status),
  };
}

export function redirect(to: string): FaultMode {
  return { kind: 'answer', status: 302, headers: { location: to } };
}
