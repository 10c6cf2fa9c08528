import { describe, expect, it } from '@jest/globals';
import { atLeast, pinnedVersion, requiredVersion, toolOf, tools } from '../../../src/demo/tool-catalog.ts';

describe('requiredVersion', () => {
  it.each([
    [
      'in a block, with a comment',
      'require (\n\ta.org/x v1.0.0\n\tk8s.io/kubernetes v1.34.4 // indirect\n)',
      'v1.34.4',
    ],
    ['on a line of its own', 'module lab\nrequire k8s.io/kubernetes v1.20.0', 'v1.20.0'],
    [
      'beside a module whose path begins alike',
      'require k8s.io/kubernetes/x v9.0.0\nrequire k8s.io/kubernetes v1.2.3',
      'v1.2.3',
    ],
  ])('reads a requirement %s', (_, goMod, version) => {
    expect(requiredVersion(goMod, 'k8s.io/kubernetes')).toBe(version);
  });

  it('takes a tool directive or a replacement for no requirement', () => {
    const goMod = 'tool k8s.io/kubernetes/cmd/kubelet\nreplace (\n\tk8s.io/api => k8s.io/api v0.34.4\n)';
    expect(() => requiredVersion(goMod, 'k8s.io/api')).toThrow('requires no version of k8s.io/api');
  });
});

describe('the committed modules', () => {
  it('pin an exact version of every tool', async () => {
    const versions = await Promise.all(tools.map(async (tool) => [tool.name, await pinnedVersion(tool)]));
    expect(Object.fromEntries(versions)).toEqual({
      etcd: 'v3.6.8',
      'kube-apiserver': 'v1.34.4',
      'kube-controller-manager': 'v1.34.4',
      helm: 'v3.19.5',
      crossplane: 'v1.20.0',
    });
  });

  it('stamp the version into Kubernetes, major and minor apart', () => {
    const stamp = toolOf('kube-apiserver').stamp('v1.34.4');
    expect(stamp).toContain('-X k8s.io/component-base/version.gitVersion=v1.34.4');
    expect(stamp).toContain('-X k8s.io/component-base/version.gitMajor=1 ');
    expect(stamp).toContain('-X k8s.io/component-base/version.gitMinor=34');
  });
});

describe('atLeast', () => {
  it.each([
    ['Kubernetes v1.30.0', true],
    ['Kubernetes v1.34.4', true],
    ['Kubernetes v2.0.0', true],
    ['Kubernetes v1.29.15', false],
    ['no version at all', false],
  ])('reads %s', (output, expected) => {
    expect(atLeast(output, 1, 30)).toBe(expected);
  });
});

describe('toolOf', () => {
  it('names the tools that there are when one is unknown', () => {
    expect(() => toolOf('kubelet')).toThrow('no tool is called kubelet; there are: etcd, kube-apiserver');
  });
});
