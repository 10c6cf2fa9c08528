import { describe, expect, it } from '@jest/globals';
import { controlPlaneName } from '../../../src/mapping/identity.ts';
import { parseFieldSelector, selectionToControlPlane } from '../../../src/mapping/selectors.ts';

const connection = { clusterID: 'c-1', claimNamespace: 'claims-1' };
const own = 'mcp-connector.upbound.io/app-cluster=c-1';
const inNamespace = `${own},mcp-connector.upbound.io/app-namespace=team-a`;
const nothing = 'mcp-connector.upbound.io/app-cluster!=c-1';
/** Set by nobody, so that requirements on it come out as on a label that does not exist. */
const absent = 'mcp-connector-k8s.io/absent';
const hidden = ['app-cluster', 'app-namespace', 'app-resource-name'].map(
  (key) => `mcp-connector.upbound.io/${key}`,
);

function labelsOf(labelSelector: string | undefined, namespace: string | undefined = 'team-a'): string {
  return selectionToControlPlane({ namespace, labelSelector, fieldSelector: undefined }, connection, 'claim')
    .labelSelector;
}

function fieldsOf(
  fieldSelector: string,
  namespace: string | undefined = 'team-a',
): [string, string | undefined] {
  const selection = selectionToControlPlane(
    { namespace, labelSelector: undefined, fieldSelector },
    connection,
    'claim',
  );
  return [selection.labelSelector, selection.fieldSelector];
}

describe('label selectors', () => {
  it('select this cluster, and the namespace where there is one', () => {
    expect(labelsOf(undefined)).toBe(inNamespace);
    expect(
      selectionToControlPlane(
        { namespace: undefined, labelSelector: undefined, fieldSelector: undefined },
        connection,
        'claim',
      ),
    ).toEqual({
      labelSelector: own,
      fieldSelector: undefined,
    });
  });

  it.each([
    'a=b',
    'a in (b,c),!d',
    'a in (b',
    'a=b)',
    'a==b,',
    'a>5',
    ' a = b ',
    'mcp-connector.upbound.io=a',
    'mcp-connector.upbound.io/app-clusters=x',
  ])('stand behind the connector’s own, as the user wrote them: %s', (selector) => {
    expect(labelsOf(selector)).toBe(`${inNamespace},${selector}`);
  });

  it.each([',', '(', ',a=b', '=b', ' !=b'])('stand before them where they begin wrong: %s', (selector) => {
    expect(labelsOf(selector)).toBe(`${selector},${inNamespace}`);
  });

  it.each(['', ' ', '\t\n '])('select everything where they are empty: %j', (selector) => {
    expect(labelsOf(selector)).toBe(inNamespace);
  });

  it.each(hidden)('see no label %s', (key) => {
    const matchesNothing = [
      key,
      `${key}=x`,
      `${key}==x`,
      `${key}=`,
      `${key} in (c-1,x)`,
      `${key}>1`,
      `${key}<1`,
      ` ${key} `,
    ];
    const matchesAll = [
      `!${key}`,
      ` ! ${key}`,
      `${key}!=x`,
      `${key} != x`,
      `${key} notin (c-1,x)`,
      `${key} notin(c-1)`,
    ];
    for (const selector of [...matchesNothing, ...matchesAll])
      expect(labelsOf(selector)).toBe(`${inNamespace},${selector.replace(key, absent)}`);
  });

  it('keep the requirements beside one on a hidden label', () => {
    const key = hidden[0] as string;
    expect(labelsOf(`a in (b,c),!${key},d!=e`)).toBe(`${inNamespace},a in (b,c),!${absent},d!=e`);
    expect(labelsOf(`a notin (x,y),${key} in (c-1,other),d`)).toBe(
      `${inNamespace},a notin (x,y),${absent} in (c-1,other),d`,
    );
    expect(labelsOf(`a in (x,${key}=other`)).toBe(`${inNamespace},a in (x,${key}=other`);
  });

  it.each(['a,b=c', 'x in (y', ' team-a', 'a)', 'a!=b', '-a'])(
    'match nothing in what can be no namespace: %j',
    (namespace) => {
      expect(labelsOf(undefined, namespace)).toBe(`${own},${nothing}`);
    },
  );
});

const byKey = (name: string): string =>
  `metadata.name=${controlPlaneName('claim', { namespace: 'team-a', name }, 'c-1')}`;

const label = (key: string, operator: string, value: string): string =>
  `mcp-connector.upbound.io/app-${key}${operator}${value}`;

describe('field selectors', () => {
  it('read one claim by its key where the namespace is known', () => {
    for (const text of ['metadata.name=x', 'metadata.name==x']) {
      expect(fieldsOf(text)).toEqual([`${inNamespace},${label('resource-name', '=', 'x')}`, byKey('x')]);
    }
  });

  it('become labels for all else that they say of names and namespaces', () => {
    expect(fieldsOf('metadata.name!=x')).toEqual([
      `${inNamespace},${label('resource-name', '!=', 'x')}`,
      undefined,
    ]);
    expect(
      selectionToControlPlane(
        { namespace: undefined, labelSelector: 'a', fieldSelector: 'metadata.name=x,metadata.namespace!=y' },
        connection,
        'claim',
      ),
    ).toEqual({
      labelSelector: [own, label('resource-name', '=', 'x'), label('namespace', '!=', 'y'), 'a'].join(),
      fieldSelector: undefined,
    });
  });

  it('match nothing, or all, by a name that no claim can have', () => {
    for (const name of ['', 'a\\,b', 'a\\=b', 'a\\\\b', 'x'.repeat(64), 'é', '-a']) {
      expect(fieldsOf(`metadata.name=${name}`)).toEqual([`${inNamespace},${nothing}`, undefined]);
      expect(fieldsOf(`metadata.name!=${name}`)).toEqual([inNamespace, undefined]);
    }
  });

  it('pass other fields as they are, for the control plane to judge', () => {
    const terms = ['spec.a=b\\,c', 'metadata.names=x', ' metadata.name=y'];
    expect(fieldsOf(terms.join())).toEqual([inNamespace, terms.toSorted().join()]);
    expect(fieldsOf(',,spec.a!=b,')).toEqual([inNamespace, 'spec.a!=b']);
    expect(fieldsOf('spec.a=b,metadata.name=x')).toEqual([
      `${inNamespace},${label('resource-name', '=', 'x')}`,
      `${byKey('x')},spec.a=b`,
    ]);
  });

  it.each([
    ['metadata.name', "invalid selector: 'metadata.name'; can't understand 'metadata.name'"],
    ['a=b,c', "invalid selector: 'a=b,c'; can't understand 'c'"],
    ['metadata.name=a=b', 'invalid field selector: unescaped character in value: 61'],
    ['metadata.name=a\\', 'invalid field selector: invalid escape sequence: \\'],
    ['metadata.name=a\\b', 'invalid field selector: invalid escape sequence: \\b'],
  ])('are refused as kube-apiserver refuses them: %s', (selector, message) => {
    expect(() => parseFieldSelector(selector)).toThrow(expect.objectContaining({ code: 400, message }));
  });

  it('give back what a backslash protects', () => {
    expect(parseFieldSelector(String.raw`a=x\,y\=z\\,b!=`)).toEqual([
      { field: 'a', value: String.raw`x,y=z` + '\\', negated: false, text: String.raw`a=x\,y\=z\\` },
      { field: 'b', value: '', negated: true, text: 'b!=' },
    ]);
  });
});
