import { describe, expect, it } from '@jest/globals';
import { readTraceContext } from '../../../src/base/trace-context.ts';

const good = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

describe('readTraceContext', () => {
  it('passes a trace on as it came', () => {
    expect(readTraceContext(good, 'vendor=a,other=b:c')).toEqual({
      traceparent: good,
      tracestate: 'vendor=a,other=b:c',
    });
    expect(readTraceContext(good)).toEqual({ traceparent: good });
  });

  it('takes a later version, which may say more', () => {
    const later = good.replace(/^00/, 'cc');
    expect(readTraceContext(`${later}-what-the-future-brings`)).toEqual({
      traceparent: `${later}-what-the-future-brings`,
    });
  });

  it.each([
    ['nothing', undefined],
    ['an empty one', ''],
    ['capitals', good.toUpperCase()],
    ['the forbidden version', good.replace(/^00/, 'ff')],
    ['a trace of zeros', good.replace('0af7651916cd43dd8448eb211c80319c', '0'.repeat(32))],
    ['a parent of zeros', good.replace('b7ad6b7169203331', '0'.repeat(16))],
    ['more than version 00 has', `${good}-more`],
    ['one field too few', good.slice(0, -3)],
    ['two headers in one', `${good}, ${good}`],
    ['what follows a later version without a dash', `${good.replace(/^00/, '01')}x`],
    ['more than anybody needs', `${good.replace(/^00/, '01')}-${'x'.repeat(1_000)}`],
  ])('drops %s [observe.trace.malformed]', (_what, traceparent) => {
    expect(readTraceContext(traceparent, 'vendor=a')).toBeUndefined();
  });

  it.each([
    ['too long', `a=${'x'.repeat(600)}`],
    ['too many', Array.from({ length: 33 }, (_, index) => `k${index}=v`).join(',')],
    ['not ASCII', 'a=\u00e9'],
    ['empty', ''],
  ])('drops only the state where it is %s', (_what, state) => {
    expect(readTraceContext(good, state)).toEqual({ traceparent: good });
  });
});
