import { type FaultMode, html, redirect, statusAnswer } from '../../support/fault-modes.ts';
import type { ChaosFault, Scene } from '../fault.ts';

function betweenThem(name: string, what: string, mode: FaultMode): ChaosFault {
  return {
    name,
    what,
    cause: ({ ground }: Scene) => ground.proxy.use(mode),
    mend: ({ ground }: Scene) => ground.proxy.use({ kind: 'pass' }),
  };
}

const endless: FaultMode = { kind: 'endless', status: 200 };
/** An address of nobody: whoever follows it gets no answer. */
const elsewhere = 'https://127.0.0.1:9/';

/** Faults between the connectors and the control plane: its load balancer, network, and what stands in its place. */
export const networkFaults: readonly ChaosFault[] = [
  betweenThem('refused', 'connections refused', { kind: 'stopped' }),
  betweenThem('black-hole', 'nothing comes back, connections stay dead', { kind: 'black-hole' }),
  betweenThem('cable', 'nothing comes back, then all at once', { kind: 'black-hole', holds: true }),
  betweenThem('slow', 'each answer 2 s late', { kind: 'slow', ms: 2_000 }),
  betweenThem('reset', 'connections reset', { kind: 'reset' }),
  betweenThem('silent', 'writes carried out, no answer', { kind: 'silent', carriesOut: true }),
  betweenThem('garbage', 'bytes that are no HTTP', { kind: 'garbage' }),
  betweenThem('html', '200 with a page in HTML', html(200)),
  betweenThem('html-502', '502 with a page in HTML', html(502)),
  betweenThem('endless', 'answers that never end', endless),
  betweenThem('redirect', '302 to another address', redirect(elsewhere)),
  betweenThem('unavailable', '503 of Kubernetes', statusAnswer(503, 'ServiceUnavailable', 'etcd is away')),
  betweenThem('expired', 'serving certificate of the control plane expired', { kind: 'expired-certificate' }),
  betweenThem('unauthorized', '401 to every request', statusAnswer(401, 'Unauthorized', 'Unauthorized')),
];
