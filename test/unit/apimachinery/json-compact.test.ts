import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { compactJson } from '../../../src/apimachinery/json-compact.ts';

describe('compact JSON', () => {
  it('has no white space between its tokens, and all of that in texts', () => {
    const text = '\n{ "a b" : [ 1.0 , -0 ,\t"c\\" d" ] ,\r\n"a b":{ } }  ';
    expect(compactJson(Buffer.from(text)).toString()).toBe('{"a b":[1.0,-0,"c\\" d"],"a b":{}}');
  });

  it('is what JSON.stringify prints of any value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(1, '\t', 4), (value, indent) => {
        const text = JSON.stringify(value, undefined, indent);
        expect(compactJson(Buffer.from(text)).toString()).toBe(JSON.stringify(value));
      }),
    );
  });
});
