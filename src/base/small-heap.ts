import { setFlagsFromString } from 'node:v8';

/**
 * Collects garbage sooner in place of letting the heap grow as far as the machine allows: for a process whose calls leave much
 * behind and keep nothing. Measured for the agent gateway: 169 MB after load in place of 354, for about a tenth of its calls a second.
 */
export function preferSmallHeap(): void {
  setFlagsFromString('--optimize-for-size');
  setFlagsFromString('--max-semi-space-size=1');
}
