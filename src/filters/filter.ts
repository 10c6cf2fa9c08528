import type { Exchange } from '../downstream/exchange.ts';

/** `handled` when the filter has answered; a promise only where it has to wait. */
export type FilterResult = void | 'handled' | Promise<void | 'handled'>;

/** What must hold before a request reaches its handler. Throws StatusError where it does not. */
export type Filter = (exchange: Exchange) => FilterResult;
