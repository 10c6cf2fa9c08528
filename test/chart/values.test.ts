import { readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { load } from 'js-yaml';
import { chart, helm, lintChart, modes, renderFailure } from './rendered-chart.ts';

interface Schema {
  type?: string | string[];
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  items?: Schema;
  description?: string;
}

const schema = JSON.parse(readFileSync(path.join(chart, 'values.schema.json'), 'utf8')) as Schema;
const valuesText = readFileSync(path.join(chart, 'values.yaml'), 'utf8');
const values = load(valuesText) as Record<string, unknown>;

beforeAll(helm, 600_000);

function* schemasBelow(node: Schema, at: string): Generator<[string, Schema]> {
  yield [at, node];
  for (const [name, child] of Object.entries(node.properties ?? {}))
    yield* schemasBelow(child, `${at}.${name}`);
  if (node.items) yield* schemasBelow(node.items, `${at}[]`);
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

describe('schema', () => {
  it('closes every object, except maps and pieces that are handed to Kubernetes as they are', () => {
    const open = [...schemasBelow(schema, '')]
      .filter(([, node]) => node.type === 'object' && node.additionalProperties !== false)
      .filter(([, node]) => !isMap(node.additionalProperties) && node.description === undefined)
      .map(([at]) => at);
    expect(open).toEqual([]);
  });

  it('knows exactly the values that have a default', () => {
    const known = (node: Schema, defaults: Record<string, unknown>, at: string): string[] =>
      Object.entries(node.properties ?? {}).flatMap(([name, child]) => {
        if (at === '' && name === 'global') return [];
        if (!(name in defaults)) return name === 'claims' ? [] : [`${at}.${name} has no default`];
        const inner = defaults[name];
        return child.properties && isMap(inner) && Object.keys(inner).length > 0
          ? known(child, inner, `${at}.${name}`)
          : [];
      });
    const unknown = (node: Schema, defaults: Record<string, unknown>, at: string): string[] =>
      Object.entries(defaults).flatMap(([name, inner]) => {
        const child = node.properties?.[name];
        if (!child) return node.properties ? [`${at}.${name} is not in the schema`] : [];
        return isMap(inner) ? unknown(child, inner, `${at}.${name}`) : [];
      });
    expect([...known(schema, values, ''), ...unknown(schema, values, '')]).toEqual([]);
  });

  it.each([
    ['replica=3', 'replica'],
    ['upbound.tokens=x', 'tokens'],
    ['spaces.controlplane.name=x', 'controlplane'],
    ['spaces.controlPlane.claimnamespace=x', 'claimnamespace'],
    ['spaces.controlPlane.kubeconfigSecret.keys=x', 'keys'],
    ['image.repo=x', 'repo'],
    ['rbac.groups[0].kind=x', 'kind'],
    ['podDisruptionBudget.max=1', 'max'],
    ['metrics.serviceMonitor.on=true', 'on'],
  ])('refuses the unknown key of %s', async (pair, key) => {
    expect(await renderFailure([pair])).toContain(`additional properties '${key}' not allowed`);
  });

  it.each([
    ['rbac.groups[0].group=*,rbac.groups[0].resources={pods}', '/rbac/groups/0/group'],
    ['rbac.groups[0].group=a.example.org,rbac.groups[0].resources={*}', '/rbac/groups/0/resources/0'],
    ['logLevel=verbose', '/logLevel'],
    ['image.digest=sha256:abc', '/image/digest'],
    ['connect.allow={Buckets.example.org}', '/connect/allow/0'],
    ['connect.deny={buckets}', '/connect/deny/0'],
    ['containerPort=443', '/containerPort'],
    ['spaces.controlPlane.claimNamespace=App_Cluster', '/spaces/controlPlane/claimNamespace'],
    ['replicas=many', '/replicas'],
  ])('refuses %s', async (pair, at) => {
    expect(await renderFailure([pair])).toContain(`at '${at}'`);
  });
});

describe('values', () => {
  it.each(modes)('of the mode %s pass lint', async (mode) => {
    expect(await lintChart(mode)).toContain('0 chart(s) failed');
  });

  it('have a comment each', () => {
    const lines = valuesText.split('\n');
    const bare = lines.filter((line, index) => {
      const key = /^( *)[a-zA-Z]+:/.exec(line);
      if (!key) return false;
      // A key with nothing behind it only holds others, which explain themselves; so do entries of a default list or map.
      const holdsOthers = line.endsWith(':');
      const inside = ['resources', 'topologySpreadConstraints'].includes(parentAtTop(lines, index));
      return !holdsOthers && !inside && !lines[index - 1]?.trim().startsWith('#');
    });
    expect(bare).toEqual([]);
  });

  it.each([
    [['upbound.token=x'], 'upbound.account is required with a token'],
    [['upbound.token=x', 'upbound.account=a'], 'spaces.host is required with a token'],
    [
      ['upbound.tokenSecret.name=x', 'upbound.account=a', 'spaces.host=h'],
      'spaces.controlPlane.name is required with a token',
    ],
    [['spaces.controlPlane.claimNamespace=a'], 'spaces.controlPlane.kubeconfigSecret.name is required'],
    [['spaces.controlPlane.kubeconfigSecret.name=a'], 'spaces.controlPlane.claimNamespace is required'],
    [
      [
        'spaces.controlPlane.kubeconfigSecret.name=a',
        'spaces.controlPlane.claimNamespace=a',
        'hostNetwork=true',
      ],
      'hostNetwork needs another containerPort than 10250',
    ],
  ])('that cannot work, such as %j, are refused with one sentence', async (set, sentence) => {
    expect(await renderFailure(set)).toContain(sentence);
  });
});

/** The top-level key that the indented line belongs to; empty for a top-level line. */
function parentAtTop(lines: string[], index: number): string {
  if (!lines[index]?.startsWith(' ')) return '';
  const above = lines.slice(0, index).findLast((line) => /^[a-zA-Z]+:/.test(line));
  return above?.split(':')[0] ?? '';
}
