import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import {
  type Bytes,
  endOfInput,
  KeyPrefix,
  KeySet,
  noKeys,
  readString,
  scanArray,
  scanObject,
  skipValue,
} from '../../../src/apimachinery/json-scan.ts';
import { anyArrayText, anyObjectText, anyValueText, stringText } from './json-text.ts';

const keys = new KeySet('metadata', 'name');

function textOf(bytes: Bytes, { start, end }: { start: number; end: number }): string {
  return bytes.toString('utf8', start, end);
}

/** The error a scan ends in, or undefined. */
function failure(scan: () => unknown): unknown {
  try {
    scan();
    return undefined;
  } catch (error) {
    return error;
  }
}

describe('scanObject', () => {
  it('finds exactly the members that stand in the text', () => {
    fc.assert(
      fc.property(anyObjectText, fc.constantFrom('', '  ', '[ '), ({ text, members }, before) => {
        const bytes = Buffer.from(`${before}${text}]}"`);
        const at = before.length;
        const scanned = scanObject(bytes, at, bytes.length, keys);
        expect(scanned.end).toBe(at + Buffer.byteLength(text));
        expect(
          scanned.members.map(({ start, keyEnd, valueStart, end }) => ({
            key: textOf(bytes, { start, end: keyEnd }),
            value: textOf(bytes, { start: valueStart, end }),
          })),
        ).toEqual(members);
        expect(scanned.members.map(({ id }) => id)).toEqual(
          members.map(({ key }) => ['metadata', 'name'].indexOf(JSON.parse(key) as string)),
        );
      }),
      { numRuns: 500 },
    );
  });

  it('finds the same members when a descend reads the values itself', () => {
    fc.assert(
      fc.property(anyObjectText, ({ text, members }) => {
        const bytes = Buffer.from(text);
        const read: string[] = [];
        const scanned = scanObject(bytes, 0, bytes.length, keys, (_id, at) => {
          const end = skipValue(bytes, at, bytes.length);
          read.push(textOf(bytes, { start: at, end }));
          return end;
        });
        expect(scanned.members).toHaveLength(members.length);
        expect(read).toEqual(
          members
            .filter(({ key }) => ['metadata', 'name'].includes(JSON.parse(key) as string))
            .map(({ value }) => value),
        );
      }),
    );
  });

  it('takes an escaped spelling for the same key', () => {
    const bytes = Buffer.from(String.raw`{"metad\u0061ta":1,"\u006eame":2,"metadat\u0062":3,"metadata":4}`);
    const { members } = scanObject(bytes, 0, bytes.length, keys);
    expect(members.map(({ id }) => id)).toEqual([0, 1, -1, 0]);
  });

  it('refuses what has no colon or no comma, instead of reading on', () => {
    for (const text of ['{"a" 1}', '{"a":1 "b":2}', '{"a":"b""c":1}']) {
      const bytes = Buffer.from(text);
      expect(() => scanObject(bytes, 0, bytes.length, noKeys)).toThrow(SyntaxError);
    }
  });
});

describe('scanArray', () => {
  it('finds exactly the elements that stand in the text', () => {
    fc.assert(
      fc.property(anyArrayText, ({ text, elements }) => {
        const bytes = Buffer.from(`${text},`);
        const scanned = scanArray(bytes, 0, bytes.length);
        expect(scanned.end).toBe(bytes.length - 1);
        expect(scanned.elements.map((element) => textOf(bytes, element))).toEqual(elements);
      }),
      { numRuns: 300 },
    );
  });
});

describe('skipValue', () => {
  it('ends where the value ends', () => {
    fc.assert(
      fc.property(anyValueText, fc.constantFrom(',', '}', ']', ' ', '\n'), (text, after) => {
        const bytes = Buffer.from(text + after);
        expect(skipValue(bytes, 0, bytes.length)).toBe(bytes.length - 1);
      }),
      { numRuns: 500 },
    );
  });

  it('passes 100,000 levels without a stack of its own', () => {
    const text = `${'{"a":['.repeat(50_000)}1${']}'.repeat(50_000)}`;
    const bytes = Buffer.from(text);
    expect(skipValue(bytes, 0, bytes.length)).toBe(bytes.length);
    expect(scanObject(bytes, 0, bytes.length, keys).members).toHaveLength(1);
    expect(failure(() => skipValue(bytes, 0, bytes.length - 1))).toBe(endOfInput);
  });
});

describe('every scan of a cut text', () => {
  it('throws endOfInput, wherever the cut is', () => {
    fc.assert(
      fc.property(fc.oneof(anyObjectText, anyArrayText), ({ text }) => {
        const bytes = Buffer.from(text);
        const scan = text.startsWith('{')
          ? (cut: Bytes, end: number) => scanObject(cut, 0, end, keys)
          : (cut: Bytes, end: number) => scanArray(cut, 0, end);
        const wrong: number[] = [];
        for (let end = 1; end < bytes.length; end++) {
          const cut = Buffer.from(bytes.subarray(0, end));
          const isRefused = [
            () => scan(cut, end),
            () => skipValue(cut, 0, end),
            // The bytes go on behind the limit, as in a chunk that was not looked at yet.
            () => scan(bytes, end),
            () => skipValue(bytes, 0, end),
          ].every((attempt) => failure(attempt) === endOfInput);
          if (!isRefused) wrong.push(end);
        }
        expect(wrong).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });
});

describe('strings', () => {
  it('are read as JSON reads them', () => {
    fc.assert(
      fc.property(stringText, (text) => {
        const bytes = Buffer.from(`  ${text}`);
        expect(readString(bytes, 2, bytes.length)).toBe(JSON.parse(text));
      }),
      { numRuns: 500 },
    );
  });

  it('end at the right quote for every length around the boundary and every number of backslashes', () => {
    for (let length = 30; length < 50; length++) {
      for (let escapes = 0; escapes < 6; escapes++) {
        for (const inside of ['', '\\"', '\\"\\"', 'é']) {
          const text = JSON.stringify('x'.repeat(length) + '\\'.repeat(escapes)).slice(0, -1) + inside + '"';
          const bytes = Buffer.from(`${text},"`);
          expect(skipValue(bytes, 0, bytes.length)).toBe(bytes.length - 2);
          expect(failure(() => skipValue(bytes, 0, bytes.length - 3))).toBe(endOfInput);
        }
      }
    }
  });
});

describe('KeyPrefix', () => {
  it('finds the keys that begin with the prefix, in any spelling', () => {
    const prefix = new KeyPrefix('own/');
    const find = (text: string): number => prefix.find(Buffer.from(text), 0, Buffer.byteLength(text));
    const texts = [
      '"own/a"',
      '"own/"',
      String.raw`"\u006fwn\/a"`,
      '"own"',
      '"o"',
      '""',
      '"xown/"',
      '"Own/a"',
      String.raw`"own\\/"`,
    ];
    expect(texts.map(find)).toEqual([0, 0, 0, -1, -1, -1, -1, -1, -1]);
  });
});
