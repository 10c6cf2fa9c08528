import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import {
  atLeast,
  kubernetesReleases,
  pinnedVersion,
  requiredVersion,
  toolOf,
  tools,
  toolsFolder,
} from '../../../src/demo/tool-catalog.ts';

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
      crank: 'v1.20.0',
      'oci-registry': 'v0.20.3',
    });
  });

  it('pin a version of each further release, with the staging modules that belong to it', async () => {
    for (const release of kubernetesReleases) {
      const tool = toolOf('kube-apiserver', { kubernetes: release });
      const version = await pinnedVersion(tool);
      expect(version).toMatch(new RegExp(`^v${release}\\.\\d+$`));
      const goMod = await readFile(path.join(toolsFolder, tool.folder, 'go.mod'), 'utf8');
      const staging = new Set([...goMod.matchAll(/ => k8s\.io\/[a-z-]+ (v0\.\S+)/g)].map(([, one]) => one));
      expect([...staging]).toEqual([version.replace('v1.', 'v0.')]);
    }
    expect(await pinnedVersion(toolOf('crossplane', { crossplane: '2' }))).toMatch(/^v2\.\d+\.\d+$/);
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

describe('a tool of another release', () => {
  it('is built in a folder of its own and kept beside the others', () => {
    const standard = toolOf('kube-controller-manager');
    const old = toolOf('kube-controller-manager', { kubernetes: '1.30' });
    expect(old).toMatchObject({
      folder: 'kubernetes-1.30',
      cache: standard.cache,
      package: standard.package,
    });
    expect(toolOf('kube-controller-manager', { kubernetes: '1.34' })).toBe(standard);
    expect(toolOf('etcd', { kubernetes: '1.30', crossplane: '2' })).toBe(toolOf('etcd'));
  });

  it('is taken ready-made only where it is of that very release', () => {
    const { accepts } = toolOf('kube-apiserver', { kubernetes: '1.30' }).readyMade;
    expect(accepts('Kubernetes v1.30.14')).toBe(true);
    expect(accepts('Kubernetes v1.34.4')).toBe(false);
    expect(accepts('Kubernetes v1.3.0')).toBe(false);
  });

  it('is of the module of Crossplane 2 where that is asked for', () => {
    const tool = toolOf('crossplane', { crossplane: '2' });
    expect(tool.package).toBe('github.com/crossplane/crossplane/v2/cmd/crossplane');
    const { package: commandLine } = toolOf('crank', { crossplane: '2' });
    expect(commandLine).toBe('github.com/crossplane/crossplane/v2/cmd/crank');
    expect(tool.stamp('v2.0.2')).toBe(
      '-X github.com/crossplane/crossplane/v2/internal/version.version=v2.0.2',
    );
    expect(tool.readyMade.accepts('v1.20.0')).toBe(false);
  });
});
