import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import {
  type Attack,
  type AttackedGround,
  direct,
  expectRepelled,
  prepareAttackedGround,
} from '../support/attacked-ground.ts';
import { apply, AttackerWrites, nested, refused, yaml } from '../support/attacker-writes.ts';
import { requestText } from '../support/raw-client.ts';

// Generous: the machine may be busy, and no timing is a test here.
jest.setTimeout(90_000);

let attacked: AttackedGround;
const writes = new AttackerWrites(() => attacked);

beforeAll(async () => {
  attacked = await prepareAttackedGround('attacks-yaml');
});
afterAll(() => attacked?.ground.remove());

function yamlClaim(name: string, settings: string): string {
  return `apiVersion: ${attacked.api.group}/v1\nkind: Database\nmetadata: {name: ${name}}\nspec:\n  parameters:\n    size: small\n    settings:\n${settings}\n`;
}

function indented(lines: readonly string[]): string {
  return lines.map((line) => `      ${line}`).join('\n');
}

describe('YAML:', () => {
  const laughs = [
    'a: &a [lol, lol, lol, lol, lol, lol, lol, lol, lol]',
    ...'bcdefghi'
      .split('')
      .map((key, i) => `${key}: &${key} [${Array<string>(9).fill(`*${'abcdefgh'[i]}`).join(', ')}]`),
  ];
  const inYaml = (name: string, lines: () => readonly string[]) =>
    writes.create(() => yamlClaim(name, indented(lines())), yaml);
  const attacks: Attack[] = [
    {
      name: 'a billion laughs',
      id: 'attack.yaml.bomb',
      send: inYaml('laughs', () => laughs),
      codes: refused,
    },
    {
      name: 'a billion laughs in an apply',
      id: 'attack.yaml.bomb',
      send: writes.patch(apply, () => yamlClaim('existing', indented(laughs))),
      codes: refused,
    },
    {
      name: 'merge keys that double',
      id: 'attack.yaml.bomb',
      send: inYaml('merge', () => [
        'a: &a {x: 1}',
        ...Array.from(
          { length: 40 },
          (_, i) => `b${i}: &b${i} {<<: [*${i ? `b${i - 1}` : 'a'}, *${i ? `b${i - 1}` : 'a'}]}`,
        ),
      ]),
      codes: refused,
    },
    {
      name: 'one large value, repeated by aliases',
      id: 'attack.yaml.bomb',
      send: inYaml('large', () => [
        `a: &a ${'x'.repeat(1_000_000)}`,
        `b: [${Array<string>(99).fill('*a').join(', ')}]`,
      ]),
      codes: refused,
    },
    {
      name: 'an alias of what it stands in',
      id: 'attack.yaml.bomb',
      send: inYaml('self', () => ['a: &a [*a]']),
      codes: refused,
    },
    {
      name: 'sequences nested 50,000 deep',
      id: 'attack.yaml.depth',
      send: inYaml('deep', () => [`a: ${nested('[', ']', 50_000)}`]),
      codes: refused,
    },
    {
      name: '100,000 anchors at one value',
      id: 'attack.yaml.time',
      send: inYaml('anchors', () => [`a: ${'&a '.repeat(100_000)}`]),
      codes: refused,
    },
    {
      name: '1,000,000 elements in one line',
      id: 'attack.yaml.time',
      send: inYaml('commas', () => [`a: [${'x,'.repeat(1_000_000)}]`]),
      codes: [[400, 413, 422, 500]],
    },
    {
      name: '500,000 documents behind the first',
      id: 'attack.yaml.documents',
      send: writes.create(() => yamlClaim('documents', '      a: b') + '---\n'.repeat(500_000), yaml),
      codes: [[201, 400]],
    },
    {
      name: 'tags that other readers run as code',
      id: 'attack.yaml.tags',
      send: inYaml('tags', () => [
        'a: !!js/function "function(){}"',
        'b: !!python/object/apply:os.system [id]',
        'c: !!ruby/object:Gem::Installer {}',
      ]),
      codes: [[201, 400]],
    },
    {
      name: 'a directive for another version',
      id: 'attack.yaml.tags',
      send: writes.create(() => `%YAML 1.2\n---\n${yamlClaim('directive', '      a: b')}`, yaml),
      codes: [400],
    },
  ];
  it.each(attacks)('$name [$id]', (attack) => expectRepelled(attacked, attack));

  it('others are answered while a document is read that takes seconds [attack.yaml.time]', async () => {
    const slow = writes.write(
      'POST',
      undefined,
      yaml,
      yamlClaim('slow', `      a: ${'&a '.repeat(200_000)}`),
    );
    const end = { isOver: false };
    void slow.then(() => (end.isOver = true));
    let answered = 0;
    while (!end.isOver && answered < 20) {
      await expectRepelled(attacked, {
        send: () => direct(attacked, requestText(attacked.target)),
        codes: [403],
      });
      answered++;
    }
    expect(answered).toBeGreaterThan(5);
    // On a slow machine it takes more than its time, on a fast one it is refused for what it says.
    expect([[400], [413]]).toContainEqual((await slow).codes);
  });
});
