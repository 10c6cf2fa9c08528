import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { Edits } from '../../../src/apimachinery/json-edit.ts';
import { scanArray } from '../../../src/apimachinery/json-scan.ts';
import { restoreManagedFields } from '../../../src/mapping/managed-fields-body.ts';
import { editManagedFieldsToApp } from '../../../src/mapping/managed-fields-view.ts';
import { captured } from './captured-answers.ts';

function shown(stored: string): string {
  const bytes = Buffer.from(` ${stored}`);
  const edits = new Edits();
  editManagedFieldsToApp(bytes, scanArray(bytes, 1, bytes.length).elements, 1, bytes.length, edits);
  return edits.apply(bytes).toString().slice(1);
}

interface Entry {
  manager: string;
  operation: string;
  fieldsV1: Record<string, unknown>;
}

/** The managedFields of each captured claim, as the API server printed them. */
const real = (
  JSON.parse(captured('list.json').toString()) as {
    items: { metadata: { managedFields: Entry[]; name: string } }[];
  }
).items.map(({ metadata }) => metadata.managedFields);

const labels =
  '"f:mcp-connector.upbound.io/app-cluster":{},"f:mcp-connector.upbound.io/app-namespace":{},"f:mcp-connector.upbound.io/app-resource-name":{}';
const secret = '"f:mcp-connector-k8s.io/connection-secret-name":{}';
const entry = (fields: string, manager = 'm'): string =>
  `{"apiVersion":"g/v1","fieldsType":"FieldsV1","fieldsV1":${fields},"manager":"${manager}","operation":"Update"}`;

describe('managedFields of a real control plane', () => {
  it('were written by POST, client-side apply, server-side apply of two managers and a status manager', () => {
    const managers = real.flat().map(({ manager, operation }) => `${manager} ${operation}`);
    expect(new Set(managers)).toEqual(
      new Set([
        'crossplane Update',
        'poster Update',
        'kubectl-client-side-apply Update',
        'one Apply',
        'two Apply',
        'kubectl-create Update',
        'curl Update',
      ]),
    );
  });

  it('show nothing of the connector and all that is the user’s', () => {
    for (const entries of real) {
      const stored = JSON.stringify(entries);
      const text = shown(stored);
      expect(text).not.toContain('mcp-connector');
      const kept = JSON.parse(text) as Entry[];
      expect(kept.map(({ manager }) => manager)).toEqual(entries.map(({ manager }) => manager));
      expect(kept.map(({ fieldsV1 }) => [fieldsV1['f:spec'], fieldsV1['f:status']])).toEqual(
        entries.map(({ fieldsV1 }) => [fieldsV1['f:spec'], fieldsV1['f:status']]),
      );
    }
  });

  it('show owners where Kubernetes shows them', () => {
    const two = real.flat().find(({ manager }) => manager === 'two');
    const [kept] = JSON.parse(shown(JSON.stringify([two]))) as Entry[];
    expect(kept?.fieldsV1['f:metadata']).toEqual({
      'f:annotations': { 'f:second': {} },
      'f:ownerReferences': { [`k:{"uid":"fb6b1fad-e47e-4897-9108-d6383a7a8e79"}`]: {} },
    });
  });

  it('go back byte for byte when they are sent as they were shown', () => {
    for (const entries of real) {
      const stored = JSON.stringify(entries);
      expect(restoreManagedFields(shown(stored), stored)).toBe(stored);
    }
  });

  it('go back byte for byte from a client that prints members in an order of its own', () => {
    const reversed = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(reversed);
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(
        Object.entries(value)
          .toReversed()
          .map(([key, inner]) => [key, reversed(inner)]),
      );
    };
    for (const entries of real) {
      const stored = JSON.stringify(entries);
      const sent = JSON.stringify(reversed(JSON.parse(shown(stored))), undefined, 2);
      expect(restoreManagedFields(sent, stored)).toBe(stored);
    }
  });

  it('take whatever subset a user leaves, in any order, and bring hidden entries back', () => {
    const hidden = entry(`{"f:metadata":{"f:labels":{".":{},${labels}}}}`, 'hidden');
    fc.assert(
      fc.property(fc.constantFrom(...real), fc.shuffledSubarray([0, 1, 2, 3]), (entries, picks) => {
        const stored = `[${[hidden, ...entries.map((one) => JSON.stringify(one))].join()}]`;
        const all = JSON.parse(shown(stored)) as Entry[];
        const sent = picks.flatMap((pick) => all[pick] ?? []);
        fc.pre(sent.length > 0);
        const restored = JSON.parse(restoreManagedFields(JSON.stringify(sent), stored)) as Entry[];
        const isLeft = new Set(sent.map((one) => all.indexOf(one)));
        expect(restored).toEqual([JSON.parse(hidden), ...entries.filter((_one, i) => isLeft.has(i))]);
      }),
    );
  });
});

describe('hiding', () => {
  it.each([
    ['nothing else', `[${entry(`{"f:metadata":{"f:labels":{".":{},${labels}}}}`)}]`, '[]'],
    [
      'a map of its own only',
      `[${entry(`{"f:metadata":{"f:labels":{".":{},${labels}}},"f:spec":{}}`)}]`,
      `[${entry('{"f:spec":{}}')}]`,
    ],
    [
      'some keys of a map',
      `[${entry(`{"f:metadata":{"f:annotations":{".":{},"f:a":{},${secret}}}}`)}]`,
      `[${entry('{"f:metadata":{"f:annotations":{".":{},"f:a":{}}}}')}]`,
    ],
    [
      'one of two maps',
      `[${entry(`{"f:metadata":{"f:annotations":{${secret}},"f:labels":{"f:a":{}}}}`)}]`,
      `[${entry('{"f:metadata":{"f:labels":{"f:a":{}}}}')}]`,
    ],
    [
      'owners only',
      `[${entry('{"f:metadata":{"f:annotations":{"f:mcp-connector-k8s.io/owner-order":{},"f:mcp-connector-k8s.io/owner.u":{}}}}')}]`,
      `[${entry('{"f:metadata":{"f:ownerReferences":{".":{},"k:{\\"uid\\":\\"u\\"}":{}}}}')}]`,
    ],
    [
      'finalizers',
      `[${entry('{"f:metadata":{"f:finalizers":{".":{},"v:\\"mcp-connector-k8s.io/orphan\\"":{},"v:\\"constructor\\"":{}}}}')}]`,
      `[${entry('{"f:metadata":{"f:finalizers":{".":{},"v:\\"orphan\\"":{},"v:\\"constructor\\"":{}}}}')}]`,
    ],
    [
      'a manager that has our name',
      `[${entry('{"f:spec":{}}', 'mcp-connector')}]`,
      `[${entry('{"f:spec":{}}', 'mcp-connector')}]`,
    ],
    [
      'the finalizers of a delete',
      `[${entry('{"f:metadata":{"f:finalizers":{".":{},"v:\\"mcp-connector-k8s.io/orphan\\"":{}}}}', 'mcp-connector')}]`,
      '[]',
    ],
    [
      'keys that only look like ours',
      `[${entry('{"f:metadata":{"f:labels":{"f:mcp-connector.upbound.io/app":{}}}}')}]`,
      `[${entry('{"f:metadata":{"f:labels":{"f:mcp-connector.upbound.io/app":{}}}}')}]`,
    ],
    [
      'fields outside metadata',
      `[${entry('{"f:spec":{"f:labels":{"f:mcp-connector.upbound.io/app-cluster":{}}}}')}]`,
      `[${entry('{"f:spec":{"f:labels":{"f:mcp-connector.upbound.io/app-cluster":{}}}}')}]`,
    ],
    [
      'entries without fields',
      '[{"manager":"mcp-connector"},{"fieldsV1":null,"manager":"mcp-connector"},{}]',
      '[{"manager":"mcp-connector"},{"fieldsV1":null,"manager":"mcp-connector"},{}]',
    ],
  ])('leaves out %s', (_what, stored, expected) => {
    expect(shown(stored)).toBe(expected);
  });
});

function at(time: string, fields: string, operation = 'Update'): string {
  return `{"fieldsV1":{"f:metadata":${fields}},"manager":"m-${time}","operation":"${operation}","time":"${time}"}`;
}

function owner(uid: string): string {
  return `"f:mcp-connector-k8s.io/owner.${uid}":{}`;
}

describe('a map that hidden keys have made', () => {
  const maker = at('2', `{"f:labels":{".":{},${labels}}}`);

  it('is given to the update that set the oldest key of it', () => {
    const stored = `[${maker},${at('4', '{"f:labels":{"f:b":{}}}')},${at('3', '{"f:labels":{"f:a":{}}}')}]`;
    expect(shown(stored)).toBe(
      `[${at('4', '{"f:labels":{"f:b":{}}}')},${at('3', '{"f:labels":{".":{},"f:a":{}}}')}]`,
    );
    expect(restoreManagedFields(shown(stored), stored)).toBe(stored);
  });

  it('is nobody’s where an apply set that key, or where its maker has keys left', () => {
    const later = at('4', '{"f:labels":{"f:b":{}}}');
    const applied = at('3', '{"f:labels":{"f:a":{}}}', 'Apply');
    expect(shown(`[${applied},${maker},${later}]`)).toBe(`[${applied},${later}]`);
    const kept = at('2', `{"f:labels":{".":{},"f:a":{},${labels}}}`);
    expect(shown(`[${kept},${later}]`)).toBe(`[${at('2', '{"f:labels":{".":{},"f:a":{}}}')},${later}]`);
  });

  it('is told for owners as for maps', () => {
    const stored = `[${at('3', `{"f:annotations":{${owner('a')}}}`)},${at('2', `{"f:annotations":{${owner('b')}}}`)},${at('1', `{"f:annotations":{${owner('c')}}}`, 'Apply')}]`;
    const texts = (JSON.parse(shown(stored)) as Entry[]).map(({ fieldsV1 }) =>
      JSON.stringify(fieldsV1['f:metadata']),
    );
    expect(texts).toEqual([
      '{"f:ownerReferences":{"k:{\\"uid\\":\\"a\\"}":{}}}',
      '{"f:ownerReferences":{".":{},"k:{\\"uid\\":\\"b\\"}":{}}}',
      '{"f:ownerReferences":{"k:{\\"uid\\":\\"c\\"}":{}}}',
    ]);
  });
});

describe('restoring', () => {
  const live = `[${entry(`{"f:metadata":{"f:labels":{${labels}}}}`)},${entry('{"f:spec":{}}', 'n')}]`;

  it.each(['[]', '[{}]', '[{},{}]', '[null]', 'null', '"x"', '{}'])('gives %s on as it is', (sent) => {
    expect(restoreManagedFields(sent, live)).toBe(sent);
  });

  it('sends an entry that a user changed as the user wrote it', () => {
    const changed = entry('{"f:spec":{"f:id":{}}}', 'n');
    expect(restoreManagedFields(`[${changed}]`, live)).toBe(
      `[${entry(`{"f:metadata":{"f:labels":{${labels}}}}`)},${changed}]`,
    );
  });

  it('matches each stored entry once', () => {
    const twice = `[${entry('{"f:spec":{}}', 'n')},${entry('{"f:spec":{}}', 'n')}]`;
    expect(restoreManagedFields(twice, twice)).toBe(twice);
    expect(restoreManagedFields(twice, `[${entry('{"f:spec":{}}', 'n')}]`)).toBe(twice);
  });
});
