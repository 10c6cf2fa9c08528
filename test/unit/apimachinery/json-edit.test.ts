import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { ByteSink, Edits } from '../../../src/apimachinery/json-edit.ts';
import { noKeys, scanArray, scanObject } from '../../../src/apimachinery/json-scan.ts';
import { anyArrayText, anyObjectText } from './json-text.ts';

const picks = fc.array(fc.boolean(), { minLength: 5, maxLength: 5 });

describe('Edits', () => {
  it('removes any members of an object and leaves exactly the others', () => {
    fc.assert(
      fc.property(anyObjectText, picks, ({ text, members }, isPicked) => {
        const bytes = Buffer.from(text);
        const edits = new Edits();
        const scanned = scanObject(bytes, 0, bytes.length, noKeys).members;
        edits.removeListed(scanned, (member) => isPicked[scanned.indexOf(member)] === true);
        const after = edits.apply(bytes);
        expect(JSON.parse(after.toString())).toBeInstanceOf(Object);
        const left = scanObject(after, 0, after.length, noKeys).members;
        expect(
          left.map(({ start, keyEnd, valueStart, end }) => ({
            key: after.toString('utf8', start, keyEnd),
            value: after.toString('utf8', valueStart, end),
          })),
        ).toEqual(members.filter((_member, i) => isPicked[i] !== true));
      }),
      { numRuns: 500 },
    );
  });

  it('removes any elements of an array and leaves exactly the others', () => {
    fc.assert(
      fc.property(anyArrayText, picks, ({ text, elements }, isPicked) => {
        const bytes = Buffer.from(text);
        const edits = new Edits();
        const scanned = scanArray(bytes, 0, bytes.length).elements;
        edits.removeListed(scanned, (element) => isPicked[scanned.indexOf(element)] === true);
        const after = edits.apply(bytes);
        expect(JSON.parse(after.toString())).toBeInstanceOf(Array);
        const left = scanArray(after, 0, after.length).elements;
        expect(left.map(({ start, end }) => after.toString('utf8', start, end))).toEqual(
          elements.filter((_element, i) => isPicked[i] !== true),
        );
      }),
      { numRuns: 300 },
    );
  });

  it('puts an insertion before a removal that begins at the same byte, in whatever order they are collected', () => {
    const bytes = Buffer.from('{"a":1,"b":2}');
    const removalFirst = new Edits();
    removalFirst.remove(1, 7);
    removalFirst.insert(1, '"c":3,');
    expect(removalFirst.apply(bytes).toString()).toBe('{"c":3,"b":2}');
    const insertionFirst = new Edits();
    insertionFirst.insert(1, '"c":3,');
    insertionFirst.remove(1, 7);
    expect(insertionFirst.apply(bytes).toString()).toBe('{"c":3,"b":2}');
  });

  it('keeps insertions at one place in the order they came', () => {
    const edits = new Edits();
    edits.replace(3, 4, 'D');
    edits.insert(1, 'x');
    edits.insert(1, 'y');
    expect(edits.apply(Buffer.from('abcd')).toString()).toBe('axybcD');
  });

  it('refuses changes that overlap', () => {
    const edits = new Edits();
    edits.replace(0, 3, '');
    edits.replace(2, 4, '');
    expect(() => edits.apply(Buffer.from('abcd'))).toThrow('overlapping edits at byte 2');
  });

  it('gives the bytes themselves back when nothing changes', () => {
    const bytes = Buffer.from('{}');
    expect(new Edits().apply(bytes)).toBe(bytes);
  });
});

describe('ByteSink', () => {
  it('holds what was written, whatever the sizes of the pieces', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'grapheme', maxLength: 60 })),
        fc.integer({ min: 1, max: 64 }),
        (pieces, capacity) => {
          const sink = new ByteSink(capacity);
          pieces.forEach((piece, i) => {
            if (i % 2 === 0) sink.text(piece);
            else sink.copy(Buffer.from(`<${piece}>`), 1, 1 + Buffer.byteLength(piece));
          });
          expect(sink.take().toString()).toBe(Buffer.from(pieces.join('')).toString());
          expect(sink.length).toBe(0);
        },
      ),
    );
  });

  it('never changes what was taken', () => {
    const sink = new ByteSink(16);
    sink.text('first');
    const first = sink.take();
    sink.text('other');
    expect([first.toString(), sink.take().toString(), sink.take().length]).toEqual(['first', 'other', 0]);
  });
});
