import { type Fault, faultOfStatus } from '../base/faults.ts';
import type { Exchange } from '../downstream/exchange.ts';

/** How a request ended, as it is counted, logged and audited. */
export interface Outcome {
  /** The code of the answer; 499 (as nginx has it) where the client went away before, 500 where the answer broke off. */
  code: number;
  /** Empty where the request was carried out. */
  reason: Fault | '';
}

/** Of an exchange whose answer has closed. */
export function outcomeOf(exchange: Exchange): Outcome {
  const { res } = exchange;
  const { fault } = exchange.record;
  if (fault === 'answer_broken') return { code: 500, reason: fault };
  // The end of a watch is the client's to choose: one that has begun was answered.
  const isAnswered = res.writableFinished || (res.headersSent && exchange.infoIfKnown?.verb === 'watch');
  if (!isAnswered) return { code: 499, reason: 'client_gone' };
  const code = res.statusCode;
  return { code, reason: code < 400 ? '' : (fault ?? faultOfStatus(code)) };
}
