import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { dump } from 'js-yaml';
import type { ArchiveFile } from '../../src/adoption/tar.ts';

/** Of `up controlplane migration export --pause-before-export`: time, and who runs, as it writes them. */
const description = {
  version: 'v1alpha1',
  exportedAt: '2026-11-02T09:12:44.189224+01:00',
  options: {
    excludedNamespaces: ['kube-system', 'kube-public', 'kube-node-lease', 'local-path-storage'],
    includedResources: ['namespaces', 'configmaps', 'secrets'],
    pausedBeforeExport: true,
  },
  crossplane: { distribution: 'crossplane', namespace: 'crossplane-system', version: '1.20.0' },
  stats: { total: 0 },
};

/**
 * The same objects as that command writes them: block YAML instead of JSON, managed resources paused, folders as entries of their own,
 * packed by another tar than the one under test.
 */
export async function writeMigrationArchive(file: string, files: readonly ArchiveFile[]): Promise<void> {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'mcp-connector-migration-'));
  for (const { path: name, text } of files) {
    const target = path.join(dir, name);
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(target, name === 'export.yaml' ? dump(description) : yamlOf(name, text));
  }
  await promisify(execFile)('tar', ['-czf', file, '-C', dir, ...(await readdir(dir))]);
  await rm(dir, { recursive: true, force: true });
}

function yamlOf(name: string, text: string): string {
  if (!text.startsWith('{')) return text;
  const object = JSON.parse(text) as { metadata: { annotations?: Record<string, string> } };
  if (name.startsWith('instances.'))
    object.metadata.annotations = { ...object.metadata.annotations, 'crossplane.io/paused': 'true' };
  return dump(object);
}
