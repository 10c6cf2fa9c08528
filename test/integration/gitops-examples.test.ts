import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { KubeObject } from '../../src/apimachinery/objects.ts';
import { crdPath, namespacePath } from '../../src/clusters/api-paths.ts';
import { applyManifests, parseManifests } from '../../src/demo/manifests.ts';
import { gitopsCrds } from '../clients/programs.ts';
import { eventually } from '../support/lab.ts';
import { deleteIfThere } from '../support/platform-api.ts';
import { TestGround } from '../support/test-ground.ts';

// The first time the modules are fetched.
jest.setTimeout(300_000);

interface Definition extends KubeObject {
  spec: { group: string; names: { plural: string }; versions: { name: string; served: boolean }[] };
}

const examples = path.resolve(import.meta.dirname, '../../examples/gitops');
/** Of Argo CD and Flux, where their own installation puts them. */
const namespaces = ['argocd', 'flux-system'];

let ground: TestGround;
let definitions: Definition[];

beforeAll(async () => {
  const folder = await gitopsCrds();
  const files = await Promise.all(
    (await readdir(folder)).map((file) => readFile(path.join(folder, file), 'utf8')),
  );
  definitions = files.flatMap(parseManifests) as Definition[];
  ground = await TestGround.prepare('gitops-examples');
  await applyManifests(ground.app.client, definitions);
  for (const { spec } of definitions)
    for (const { name } of spec.versions.filter(({ served }) => served))
      await eventually(async () =>
        expect(await ground.app.discovered(spec.group, name)).toContain(spec.names.plural),
      );
  await applyManifests(
    ground.app.client,
    namespaces.map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })),
  );
});
afterAll(async () => {
  if (!ground) return;
  const { client } = ground.app;
  for (const name of namespaces) await deleteIfThere(client, namespacePath(name));
  for (const { metadata } of definitions) await deleteIfThere(client, crdPath(metadata.name));
  await ground.remove();
});

/** As both programs sync, and refused for a field that the CRD has not. */
function tryOut(manifest: string): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return ground.app.kubectl('apply --server-side --dry-run=server --validate=strict -f -', {
    input: manifest,
  });
}

describe('the API server with the CRDs of Argo CD and Flux', () => {
  it.each([
    ['argocd/argocd-cm.yaml', ['configmap/argocd-cm']],
    ['argocd/connector.yaml', ['application.argoproj.io/mcp-connector']],
    ['argocd/claims.yaml', ['application.argoproj.io/orders-infrastructure']],
    [
      'flux/connector.yaml',
      [
        'helmrepository.source.toolkit.fluxcd.io/mcp-connector',
        'helmrelease.helm.toolkit.fluxcd.io/mcp-connector',
      ],
    ],
    ['flux/connector-kustomization.yaml', ['kustomization.kustomize.toolkit.fluxcd.io/mcp-connector']],
    ['flux/claims.yaml', ['kustomization.kustomize.toolkit.fluxcd.io/orders-infrastructure']],
  ])('takes the example %s, field by field [gitops.examples.valid]', async (file, objects) => {
    const { code, stdout, stderr } = await tryOut(await readFile(path.join(examples, file), 'utf8'));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.trim().split('\n')).toEqual(
      objects.map((object) => `${object} serverside-applied (server dry run)`),
    );
  });

  it('is asked about every example there is, and takes neither a wrong field nor a wrong value', async () => {
    const all = await readdir(examples, { recursive: true });
    expect(all.filter((file) => file.endsWith('.yaml'))).toHaveLength(6);
    const text = await readFile(path.join(examples, 'flux/claims.yaml'), 'utf8');
    const misspelt = await tryOut(text.replace('retryInterval:', 'retryIntervall:'));
    expect(misspelt).toMatchObject({ code: 1, stderr: expect.stringContaining('retryIntervall') });
    const wrong = await tryOut(text.replace('timeout: 15m', 'timeout: later'));
    expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining('spec.timeout') });
  });
});
