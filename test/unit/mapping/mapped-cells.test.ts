import { describe, expect, it } from '@jest/globals';
import { parseLossless } from '../../../src/apimachinery/lossless-json.ts';
import { cellOf, evaluatedColumn, isEvaluated } from '../../../src/mapping/mapped-cells.ts';

const object = parseLossless(
  JSON.stringify({
    metadata: {
      name: 'a',
      labels: { b: '2', a: '1' },
      finalizers: ['x', 'y'],
      ownerReferences: [
        { name: 'first', controller: false, kind: 'A' },
        { name: 'second', controller: true, kind: 'B' },
      ],
    },
  }),
);
const hidden = String.raw`.metadata.labels.mcp-connector\.upbound\.io/app-cluster`;

const cell = (jsonPath: string, type = 'string'): string =>
  cellOf(object, evaluatedColumn({ jsonPath, type }, 1));

describe('cells that are made anew', () => {
  it.each([
    ['.metadata.labels', String.raw`"{\"a\":\"1\",\"b\":\"2\"}"`],
    [".metadata['name']", '"a"'],
    ['.metadata.ownerReferences[0].name', '"first"'],
    ['.metadata.ownerReferences[-1].name', '"second"'],
    ['.metadata.ownerReferences[*].name', '"first"'],
    ['.metadata.ownerReferences[?(@.controller==true)].name', '"second"'],
    [".metadata.ownerReferences[?(@.kind=='B')].name", '"second"'],
    [".metadata.ownerReferences[?(@.kind!='A')].name", '"second"'],
    ['.metadata.ownerReferences[7].name', 'null'],
    ['.metadata.finalizers[1:2]', '"y"'],
    ['.metadata.annotations', 'null'],
    [hidden, 'null'],
    ['.metadata..name', 'null'],
  ])('show what %s leads to', (path, expected) => {
    expect(cell(path)).toBe(expected);
  });

  it('show a value of another type than the column as nothing', () => {
    expect(cell('.metadata.name', 'integer')).toBe('null');
    expect(cell('.metadata.ownerReferences[1].controller', 'boolean')).toBe('true');
    expect(cell('.metadata.name', 'date')).toBe('"<invalid>"');
  });

  it.each([
    ['.metadata.labels', true],
    ['.metadata.ownerReferences[0].name', true],
    ['.metadata', true],
    ['.metadata.*', true],
    ['.metadata..name', true],
    [hidden, true],
    ['.metadata.labels.team', false],
    ['.metadata.creationTimestamp', false],
    [".status.conditions[?(@.type=='Ready')].status", false],
    ['.spec.engine', false],
  ])('are those of columns that print what the clusters see differently: %s', (jsonPath, expected) => {
    expect(isEvaluated({ jsonPath })).toBe(expected);
  });
});
