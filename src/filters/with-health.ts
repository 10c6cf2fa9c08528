import type { Exchange } from '../downstream/exchange.ts';
import type { Readiness } from '../base/health.ts';
import type { Filter } from './filter.ts';

export interface HealthDependencies {
  readiness: Readiness;
}

/** `/livez`, `/healthz`: the process runs. `/readyz`: a catalog was loaded or restored, in the form of kube-apiserver's. */
export function withHealth({ readiness }: HealthDependencies): Filter {
  return (exchange) => {
    const path = exchange.req.url?.split('?', 1)[0];
    if (path === '/livez' || path === '/healthz') {
      answerText(exchange, 200, 'ok');
      return 'handled';
    }
    if (path !== '/readyz') return undefined;
    const { ready, text } = readiness.report();
    answerText(exchange, ready ? 200 : 503, text);
    return 'handled';
  };
}

function answerText(exchange: Exchange, status: number, text: string): void {
  exchange.answer(
    status,
    { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
    Buffer.from(text),
  );
}
