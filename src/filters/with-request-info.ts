import { parseRequestInfo } from '../apimachinery/request-info.ts';
import type { Filter } from './filter.ts';

/** Reads the path and query once; everybody after goes by this reading. */
export function withRequestInfo(): Filter {
  return (exchange) => {
    exchange.info = parseRequestInfo(exchange.req.method ?? '', exchange.req.url ?? '');
  };
}
