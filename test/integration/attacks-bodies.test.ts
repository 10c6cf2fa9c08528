import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import {
  type Attack,
  type AttackedGround,
  attacker,
  direct,
  expectRepelled,
  prepareAttackedGround,
} from '../support/attacked-ground.ts';
import {
  apply,
  AttackerWrites,
  json,
  merge,
  nested,
  operations,
  refused,
} from '../support/attacker-writes.ts';
import { hiddenLabels } from '../support/claims.ts';
import { requestText } from '../support/raw-client.ts';

// Generous: the machine may be busy, and no timing is a test here.
jest.setTimeout(90_000);

let attacked: AttackedGround;
const writes = new AttackerWrites(() => attacked);

beforeAll(async () => {
  attacked = await prepareAttackedGround('attacks-bodies');
});
afterAll(() => attacked?.ground.remove());

function claim(name: string, more: { metadata?: string; settings?: string; root?: string } = {}): string {
  const { metadata = '', settings = '{}', root = '' } = more;
  return `{"apiVersion":"${attacked.api.group}/v1","kind":"Database","metadata":{"name":"${name}"${metadata}},"spec":{"parameters":{"size":"small","settings":${settings}}}${root}}`;
}

describe('JSON:', () => {
  const attacks: Attack[] = [
    {
      name: 'arrays nested 100,000 deep',
      id: 'attack.json.depth',
      send: writes.create(() => claim('deep', { settings: `{"a":${nested('[', ']', 100_000)}}` })),
      codes: refused,
    },
    {
      name: 'objects nested 100,000 deep in an apply',
      id: 'attack.json.depth',
      send: writes.patch(apply, () =>
        claim('existing', { settings: `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}` }),
      ),
      codes: refused,
    },
    {
      name: 'objects nested 100,000 deep in a merge patch that has to be applied here',
      id: 'attack.json.depth',
      send: writes.patch(
        merge,
        () =>
          `{"metadata":{"ownerReferences":null},"spec":{"a":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}}}`,
      ),
      codes: refused,
    },
    {
      name: '1,500,000 brackets that are never closed',
      id: 'attack.json.depth',
      send: writes.create(() => '['.repeat(1_500_000)),
      codes: refused,
    },
    {
      name: 'a number of a million digits',
      id: 'attack.json.size',
      send: writes.create(() => claim('digits', { settings: `{"a":${'9'.repeat(1_000_000)}}` })),
      codes: [[201, 400, 422]],
    },
    {
      name: 'a number beyond all floats',
      id: 'attack.json.size',
      send: writes.create(() => claim('exponent', { settings: '{"a":1e999999999}' })),
      codes: refused,
    },
    {
      name: 'a key of a megabyte',
      id: 'attack.json.size',
      send: writes.create(() => claim('key', { settings: `{"${'k'.repeat(1_000_000)}":1}` })),
      codes: [[201, 400, 413, 422]],
    },
    {
      name: 'a string of nearly 3 MiB',
      id: 'attack.json.size',
      send: writes.create(() => claim('string', { settings: `{"a":"${'s'.repeat(3_140_000)}"}` })),
      codes: [[400, 413, 422, 500]],
    },
    {
      name: 'keys __proto__ and constructor',
      id: 'attack.json.prototype',
      send: writes.create(() =>
        claim('proto', {
          metadata: ',"__proto__":{"namespace":"kube-system"},"constructor":{"prototype":{"name":"x"}}',
          settings: '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}',
          root: ',"__proto__":{"metadata":{"labels":{"polluted":"true"}}}',
        }),
      ),
      codes: [201],
    },
    {
      name: 'a merge patch on __proto__ that has to be applied here',
      id: 'attack.json.prototype',
      send: writes.patch(merge, () => '{"metadata":{"ownerReferences":null},"__proto__":{"polluted":true}}'),
      codes: [[200, 422]],
    },
    {
      name: 'bytes that are not UTF-8',
      id: 'attack.json.encoding',
      send: writes.create(() => claim('utf8', { settings: '{"a":"\xff\xfe"}' })),
      codes: [[201, 400]],
    },
    {
      name: 'a byte order mark',
      id: 'attack.json.encoding',
      send: writes.create(() => `\xef\xbb\xbf${claim('bom')}`),
      codes: [400],
    },
    {
      name: 'UTF-16',
      id: 'attack.json.encoding',
      send: writes.create(() => Buffer.from(claim('utf16'), 'utf16le').toString('latin1')),
      codes: [400],
    },
    {
      name: 'two objects',
      id: 'attack.json.encoding',
      send: writes.create(() => claim('one') + claim('two')),
      codes: [400],
    },
    {
      name: 'protobuf',
      id: 'attack.json.encoding',
      send: writes.create(() => 'k8s\0\x0a\x04\x0a\x00\x12\x00', 'application/vnd.kubernetes.protobuf'),
      codes: [415],
    },
  ];
  it.each(attacks)('$name [$id]', async (attack) => {
    await expectRepelled(attacked, attack);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it('a compressed body is not unpacked [attack.json.encoding]', async () => {
    const body = '\x1f\x8b\x08\0\0\0\0\0\0\0';
    const headers = [
      `X-Remote-User: ${attacker}`,
      `Content-Type: ${json}`,
      'Content-Encoding: gzip',
      `Content-Length: ${body.length}`,
    ];
    const text = requestText(attacked.mine.path(), headers, { method: 'POST', body });
    await expectRepelled(attacked, {
      send: () => direct(attacked, text, attacked.frontProxy),
      codes: [[400, 415]],
    });
  });
});

function deep(depth: number): string {
  return `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
}

describe('JSON Patch:', () => {
  const rewrite = '{"op":"add","path":"/metadata/annotations","value":{}}';
  const attacks: Attack[] = [
    {
      name: '10,001 operations',
      id: 'attack.patch.operations',
      send: writes.patch(
        operations,
        () => `[${Array<string>(10_001).fill('{"op":"test","path":"/kind","value":"Database"}').join(',')}]`,
      ),
      codes: [413],
    },
    {
      name: 'copies that double',
      id: 'attack.patch.copies',
      send: writes.patch(operations, () => {
        const copy = '{"op":"copy","from":"/spec/x","path":"/spec/x/-"}';
        return `[${rewrite},{"op":"add","path":"/spec/x","value":["${'y'.repeat(1000)}"]},${Array<string>(40).fill(copy).join(',')}]`;
      }),
      codes: [[400, 413, 422]],
    },
    {
      name: 'a pointer 100,000 deep',
      id: 'attack.patch.work',
      send: writes.patch(
        operations,
        () =>
          `[${rewrite},{"op":"add","path":"/spec/x","value":${deep(100_000)}},{"op":"add","path":"/spec/x${'/a'.repeat(99_000)}","value":1}]`,
      ),
      codes: [[400, 413, 422]],
    },
    {
      name: '9,000 insertions at the beginning of a list of 200,000',
      id: 'attack.patch.work',
      send: writes.patch(
        operations,
        () =>
          `[${rewrite},{"op":"add","path":"/spec/x","value":[${Array<string>(200_000).fill('0').join(',')}]},${Array<string>(9_000).fill('{"op":"add","path":"/spec/x/0","value":1}').join(',')}]`,
      ),
      codes: [[413, 422]],
    },
    {
      name: '9,000 comparisons with a megabyte',
      id: 'attack.patch.work',
      send: writes.patch(
        operations,
        () =>
          `[${rewrite},{"op":"add","path":"/spec/x","value":"${'x'.repeat(1_000_000)}"},${Array<string>(9_000).fill('{"op":"test","path":"/spec/x","value":"x"}').join(',')}]`,
      ),
      codes: [422],
    },
    {
      name: 'duplicate keys nested 20,000 deep',
      id: 'attack.patch.work',
      send: writes.patch(
        merge,
        () =>
          `{"metadata":{"ownerReferences":null},"spec":{"x":${'{"a":1,"a":'.repeat(20_000)}1${'}'.repeat(20_000)}}}`,
      ),
      codes: [[400, 413, 422]],
    },
  ];
  it.each(attacks)('$name [$id]', (attack) => expectRepelled(attacked, attack));
});

function hidden(text: string): string {
  return ['app-cluster', 'app-namespace', 'app-resource-name']
    .map((label) => `"${hiddenLabels}/${label}":"${text}"`)
    .join(',');
}

describe('keys that come twice:', () => {
  const smuggled: [string, (name: string) => string][] = [
    ['labels', (name) => claim(name, { metadata: `,"labels":{"a":"b"},"labels":{${hidden('theirs')}}` })],
    [
      'metadata',
      (name) => claim(name, { root: `,"metadata":{"name":"${name}","labels":{${hidden('theirs')}}}` }),
    ],
    [
      'metadata, with an escaped letter',
      (name) =>
        claim(name, { root: `,"metad\\u0061ta":{"name":"${name}","l\\u0061bels":{${hidden('theirs')}}}` }),
    ],
    [
      'metadata, the second one null',
      (name) =>
        claim(name, {
          metadata: `,"labels":{${hidden('theirs')}}`,
          root: `,"metadata":{"name":"${name}","labels":null}`,
        }),
    ],
    [
      'a hidden label',
      (name) => claim(name, { metadata: `,"labels":{${hidden('theirs')},${hidden('others')}}` }),
    ],
    [
      'a hidden label, with an escaped letter',
      (name) => claim(name, { metadata: `,"labels":{${hidden('theirs').replaceAll('app', '\\u0061pp')}}` }),
    ],
    [
      'name',
      (name) =>
        claim(name, { metadata: `,"name":"${attacked.theirs.storedName('existing')}","name":"${name}"` }),
    ],
    [
      'namespace',
      (name) =>
        claim(name, {
          metadata: `,"namespace":"${attacked.theirs.namespace}","namespace":"${attacked.mine.namespace}"`,
        }),
    ],
  ];

  it.each(smuggled)(
    '%s, by POST, PUT, apply and merge patch [attack.duplicates.metadata]',
    async (_, body) => {
      const { mine } = attacked;
      const name = `twice-${smuggled.findIndex(([, candidate]) => candidate === body)}`;
      const answers = [
        await writes.write('POST', undefined, json, body(name)),
        await writes.write('PUT', name, json, body(name)),
        await writes.write('PATCH', name, apply, body(name)),
        await writes.write('PATCH', name, merge, body(name)),
      ];
      for (const { codes } of answers) expect([200, 201, 400, 409, 422]).toContain(codes[0]);
      expect(answers[0]?.codes).toEqual([201]);
      const { metadata } = await mine.stored(name);
      expect(metadata.labels).toMatchObject({
        [`${hiddenLabels}/app-namespace`]: mine.namespace,
        [`${hiddenLabels}/app-resource-name`]: name,
      });
      expect(metadata.labels?.[`${hiddenLabels}/app-cluster`]).not.toMatch(/theirs|others/);
    },
  );
});
