import { describe, expect, it } from '@jest/globals';
import { yamlToJson } from '../../../src/apimachinery/yaml-body.ts';

describe('a YAML body', () => {
  // What a kube-apiserver stores for the same text (sigs.k8s.io/yaml on go-yaml 2).
  it.each([
    ['a: yes\nb: "yes"\nc: off', '{"a":true,"b":"yes","c":false}'],
    ['a: 0777\nb: 0x10\nc: 1_000', '{"a":511,"b":16,"c":1000}'],
    ['a: 0o17\nb: -0O1_7\nc: "0o17"', '{"a":15,"b":-15,"c":"0o17"}'],
    ['a: !!binary aGVsbG8=', '{"a":"hello"}'],
    ['a: 9007199254740993\nb: -9223372036854775808', '{"a":9007199254740993,"b":-9223372036854775808}'],
    ['a: 1:30\nb: 2001-12-14', '{"a":"1:30","b":"2001-12-14"}'],
    ['a: 1.5\nb: ~\nc: null\nd:', '{"a":1.5,"b":null,"c":null,"d":null}'],
    ['1: a\ntrue: b', '{"1":"a","true":"b"}'],
    ['a: 1\na: 2', '{"a":1,"a":2}'],
    [
      'k: &k {a: 1, b: 1}\nl: *k\nm: {<<: *k, b: 2}',
      '{"k":{"a":1,"b":1},"l":{"a":1,"b":1},"m":{"a":1,"b":1,"b":2}}',
    ],
    ['y: 1', '{"true":1}'],
    ['- 1\n- [a, "b,c"]', '[1,["a","b,c"]]'],
    ['{"a": {"b": [1, "x"]}}', '{"a":{"b":[1,"x"]}}'],
    ['__proto__: {a: 1}', '{"__proto__":{"a":1}}'],
  ])('%j is %s', (yaml, json) => {
    expect(yamlToJson(yaml).replaceAll('\n', '')).toBe(json);
  });

  it('keeps each member on its line', () => {
    const text = yamlToJson('# a comment\na: 1\n\nb:\n  - c: |\n      x\n      y\n    d: 2\n');
    expect(text).toBe('\n{"a":1,\n\n"b":\n[{"c":"x\\ny\\n",\n\n\n"d":2}]}');
  });

  it('is its first document', () => {
    expect(yamlToJson('a: 1\n---\nb: [').replaceAll('\n', '')).toBe('{"a":1}');
    expect(yamlToJson('')).toBe('null');
  });

  it('has no character unescaped that YAML folds or refuses', () => {
    expect(yamlToJson('"\\u0085\\u2028\\uFEFFé"')).toBe('"\\u0085\\u2028\\ufeffé"');
  });

  it('that is none is refused', () => {
    expect(() => yamlToJson('a: [')).toThrow('error converting YAML to JSON');
    expect(() => yamlToJson('%YAML 1.2\n---\na: b')).toThrow('found incompatible YAML document');
    expect(yamlToJson('%YAML 1.1\n---\na: yes').trim()).toBe('{"a":true}');
    expect(() => yamlToJson('~: a')).toThrow('invalid map key');
    expect(() => yamlToJson('? {a: b}\n: c')).toThrow('invalid map key');
    expect(() => yamlToJson('a: .inf')).toThrow('unsupported value');
  });

  it('that grows without limit is refused', () => {
    const levels = Array.from(
      { length: 12 },
      (_, i) => `l${i + 1}: &l${i + 1} [${Array(10).fill(`*l${i}`).join(',')}]`,
    );
    expect(() => yamlToJson(`l0: &l0 x\n${levels.join('\n')}`)).toThrow(
      'the YAML contains excessive aliasing',
    );
  });

  it('with an alias of nothing is no bomb: the control plane has words for it', () => {
    expect(() => yamlToJson('a: *nobody')).toThrow('error converting YAML to JSON: yaml: Unresolved alias');
  });
});
