import * as fc from 'fast-check';
import { anyValueText, numberText, objectText, spaces, stringText } from '../apimachinery/json-text.ts';

/** Claims as text: arbitrary JSON outside, and in metadata and the secret reference all that the mapping has to stand. */

const name = fc.constantFrom('a', 'my-cluster', 'my-cluster-2', 'claim-c603e518969b413e', 'x.y', 'orphan');
const uid = fc.constantFrom(
  '00000000-0000-0000-0000-000000000001',
  '00000000-0000-0000-0000-000000000002',
  'ffffffff-0000-0000-0000-000000000000',
  'u.1_x',
);

const userKey = fc.constantFrom(
  'team',
  'example.org/team',
  'mcp-connector.upbound.io/app-clusters',
  'mcp-connector.upbound.io/app-',
  'mcp-connector-k8s.io',
  'x.mcp-connector-k8s.io/owner',
  'constructor',
  '__proto__',
);
/** Keys that only the connector may set; a user who sets them sees them vanish. */
const ownKey = fc.constantFrom(
  'mcp-connector.upbound.io/app-cluster',
  'mcp-connector.upbound.io/app-namespace',
  'mcp-connector.upbound.io/app-resource-name',
  'mcp-connector-k8s.io/connection-secret-name',
  'mcp-connector-k8s.io/owner.00000000-0000-0000-0000-000000000001',
  'mcp-connector-k8s.io/owner-order',
);
const ownLabels = new Set(
  ['app-cluster', 'app-namespace', 'app-resource-name'].map((key) => `mcp-connector.upbound.io/${key}`),
);

export function isOwnLabel(key: string): boolean {
  return ownLabels.has(key);
}

export function isOwnAnnotation(key: string): boolean {
  return key.startsWith('mcp-connector-k8s.io/');
}

/** A string as a key or value, some of its characters escaped. */
function spelled(text: string, escapeAt: number): string {
  const at = escapeAt % (text.length + 3);
  const escaped = Array.from(text, (c, i) =>
    i === at ? `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}` : JSON.stringify(c).slice(1, -1),
  );
  return `"${escaped.join('')}"`;
}

function spelling(text: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.tuple(text, fc.nat(60)).map(([plain, at]) => spelled(plain, at));
}

type MemberText = readonly [key: string, value: string];

/** Unique keys, so that the texts of two members never speak of the same thing. */
function unique(members: readonly MemberText[]): MemberText[] {
  return [...new Map(members.map((member) => [JSON.parse(member[0]) as string, member])).values()];
}

function mapText(keys: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 1, arbitrary: fc.constantFrom('null', '{}', '{ }') },
    {
      weight: 4,
      arbitrary: fc
        .tuple(fc.array(fc.tuple(spelling(keys), stringText), { maxLength: 5 }), spaces)
        .map(([members, pads]) => objectText(unique(members), pads).text),
    },
  );
}

const labels = mapText(fc.oneof(userKey, ownKey));
const annotations = mapText(fc.oneof(userKey, ownKey));

const finalizers = fc.oneof(
  fc.constantFrom('null', '[]'),
  fc
    .array(
      spelling(
        fc.constantFrom(
          'orphan',
          'foregroundDeletion',
          'example.org/x',
          'constructor',
          'finalizer.apiextensions.crossplane.io',
        ),
      ),
      { maxLength: 4 },
    )
    .map((texts) => `[${texts.join(' ,\n')}]`),
);

const owner = fc
  .tuple(uid, name, fc.constantFrom('', '"controller":false,', '"blockOwnerDeletion":true,'), spaces)
  .map(([id, own, flag, pads]) => {
    const gap = pads[0] ?? '';
    return {
      id,
      text: `{${gap}"kind":"ConfigMap",${gap}${flag}"uid":"${id}","apiVersion":"v1",${gap}"name":"${own}"}`,
    };
  });

const ownerReferences = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom('null', '[]') },
  {
    weight: 3,
    arbitrary: fc
      .uniqueArray(owner, { maxLength: 4, selector: ({ id }) => id })
      .map((owners) => `[${owners.map(({ text }) => text).join(',')}]`),
  },
);

const metadataMember: fc.Arbitrary<MemberText> = fc.oneof(
  fc.tuple(spelling(fc.constant('name')), fc.oneof(spelling(name), fc.constantFrom('null', '""'))),
  fc.tuple(spelling(fc.constant('namespace')), fc.constantFrom('"team-a"', 'null', '""')),
  fc.tuple(spelling(fc.constant('labels')), labels),
  fc.tuple(spelling(fc.constant('annotations')), annotations),
  fc.tuple(spelling(fc.constant('finalizers')), finalizers),
  fc.tuple(spelling(fc.constant('ownerReferences')), ownerReferences),
  fc.tuple(
    fc.constantFrom('"generation"', '"resourceVersion"', '"generateName"', '"names"'),
    fc.oneof(numberText, stringText),
  ),
);

function metadata(isUnique: boolean): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 1, arbitrary: fc.constantFrom('null', '{}', '{ }') },
    {
      weight: 6,
      arbitrary: fc
        .tuple(fc.array(metadataMember, { maxLength: 9 }), spaces)
        .map(([members, pads]) => objectText(isUnique ? unique(members) : members, pads).text),
    },
  );
}

/** Names that begin like, or contain, those that are mapped. */
const otherKey = fc.constantFrom(
  '"writeConnectionSecretToReference"',
  '"names"',
  '"id"',
  '"parameters"',
  '"nam"',
  '"meta"',
  '"labels"',
);

const reference = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .tuple(
        fc.array(fc.tuple(otherKey, anyValueText), { maxLength: 2 }),
        fc.constantFrom('my-secret', 'my-cluster', 'é"\\x'),
        spaces,
      )
      .map(
        ([others, secret, pads]) =>
          objectText([...unique(others), ['"name"', JSON.stringify(secret)]], pads).text,
      ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('null', '{}', '{"name":null}', '{"name":""}', '{"name":1.0}', '"name"'),
  },
);

function spec(isUnique: boolean): fc.Arbitrary<string> {
  const member: fc.Arbitrary<MemberText> = fc.oneof(
    fc.tuple(otherKey, anyValueText),
    fc.tuple(spelling(fc.constant('writeConnectionSecretToRef')), reference),
  );
  return fc.oneof(
    { weight: 1, arbitrary: fc.constantFrom('null', '{}', '1.0') },
    {
      weight: 5,
      arbitrary: fc
        .tuple(fc.array(member, { maxLength: 4 }), spaces)
        .map(([members, pads]) => objectText(isUnique ? unique(members) : members, pads).text),
    },
  );
}

export interface ClaimText {
  text: string;
  members: { key: string; value: string }[];
}

function claim(isUnique: boolean): fc.Arbitrary<ClaimText> {
  const member: fc.Arbitrary<MemberText> = fc.oneof(
    fc.tuple(otherKey, anyValueText),
    fc.tuple(fc.constantFrom('"apiVersion"', '"kind"', '"status"'), anyValueText),
    fc.tuple(spelling(fc.constant('metadata')), metadata(isUnique)),
    fc.tuple(spelling(fc.constant('spec')), spec(isUnique)),
  );
  return fc
    .tuple(fc.array(member, { maxLength: 6 }), spaces)
    .map(([members, pads]) => objectText(isUnique ? unique(members) : members, pads));
}

/** No key stands twice in an object that is mapped. */
export const claimText = claim(true);
/** Any mapped key may stand twice. */
export const claimTextWithDuplicates = claim(false);
