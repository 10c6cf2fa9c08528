import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { writeArchive } from '../../../src/adoption/archive.ts';
import { ArchivedOriginals } from '../../../src/adoption/archived-originals.ts';
import type { Member } from '../../../src/adoption/member.ts';
import { adoptionPauseOf } from '../../../src/adoption/pause.ts';
import { StoredArchive } from '../../../src/adoption/stored-archive.ts';
import { type ArchiveFile, packTarGz } from '../../../src/adoption/tar.ts';

const disk: Member = {
  role: 'composed',
  resource: { group: 'aws.example.org', version: 'v1', plural: 'disks', kind: 'Disk' },
  from: { name: 'disk-1', uid: '' },
  to: { name: 'disk-1' },
};

/** As sigs.k8s.io/yaml prints it. */
function diskYaml(annotations: string): string {
  return `apiVersion: aws.example.org/v1
kind: Disk
metadata:
  annotations:
    crossplane.io/external-name: vol-0a1
${annotations}  name: disk-1
spec:
  forProvider:
    encrypted: "yes"
    id: 9007199254740993
    ratio: 0.5
status:
  conditions:
  - lastTransitionTime: "2026-01-02T03:04:05Z"
    status: "True"
    type: Ready
`;
}

function archive(isPaused: boolean, annotations = ''): StoredArchive {
  const files: ArchiveFile[] = [
    { path: 'export.yaml', text: `version: v1alpha1\noptions:\n  pausedBeforeExport: ${isPaused}\n` },
    { path: 'databases.example.org/metadata.yaml', text: 'categories:\n- claim\n' },
    { path: 'secrets/namespaces/shop/orders.yaml', text: '{"metadata":{"name":"orders"}}' },
    { path: 'disks.aws.example.org/metadata.yaml', text: 'categories:\n- managed\n' },
    { path: 'disks.aws.example.org/cluster/disk-1.yaml', text: diskYaml(annotations) },
  ];
  return StoredArchive.of(packTarGz(files));
}

async function uidIn(clusterID: string): Promise<string | undefined> {
  return (await new ArchivedOriginals(archive(true), clusterID).read(disk))?.metadata.uid;
}

describe('an archive of the documented migration', () => {
  it('gives objects as Kubernetes reads its YAML, every number as it stands [adopt.archive.values]', async () => {
    const object = await new ArchivedOriginals(archive(true), 'cluster-1').read(disk);
    expect(JSON.stringify(object?.spec)).toBe(
      '{"forProvider":{"encrypted":"yes","id":9007199254740993,"ratio":0.5}}',
    );
    expect(object?.status?.conditions).toEqual([
      { lastTransitionTime: '2026-01-02T03:04:05Z', status: 'True', type: 'Ready' },
    ]);
    expect(
      archive(true)
        .list(disk.resource)
        .map(({ metadata }) => metadata.name),
    ).toEqual(['disk-1']);
  });

  it('knows an object by the same uid whenever it is read, and another in another cluster [adopt.archive.values]', async () => {
    const uid = await uidIn('cluster-1');
    expect(uid).toMatch(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/);
    expect(await uidIn('cluster-1')).toBe(uid);
    expect(await uidIn('cluster-2')).not.toBe(uid);
  });

  const paused = '    crossplane.io/paused: "true"\n';
  it.each([
    ['the export', true, paused, 'condition'],
    [
      'somebody before the export, which says so',
      true,
      `${paused}    migration.upbound.io/already-paused: "true"\n`,
      'before',
    ],
    ['somebody, of an export that pauses nothing', false, paused, 'before'],
  ])('tells a pause by %s from others [adopt.archive.values]', async (_who, isPaused, annotations, mark) => {
    const object = await new ArchivedOriginals(archive(isPaused, annotations), 'cluster-1').read(disk);
    expect(object && adoptionPauseOf(object)).toBe(mark);
    expect(object?.metadata.annotations).not.toHaveProperty('migration.upbound.io/already-paused');
  });

  it.each([
    ['no tar file', Buffer.from('nothing'), 'it is no gzipped tar file'],
    ['another tar file', packTarGz([{ path: 'a.txt', text: 'a' }]), 'it is no archive of a Crossplane'],
    [
      'one of a later version',
      packTarGz([{ path: 'export.yaml', text: 'version: v1\n' }]),
      'it is no archive of a Crossplane (v1)',
    ],
  ])('is refused where it is %s [adopt.archive.values]', (_what, packed, sentence) => {
    expect(() => StoredArchive.of(packed)).toThrow(sentence);
  });
});

describe('the archive of an adoption', () => {
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(path.join(os.tmpdir(), 'mcp-connector-archive-'));
  });
  afterAll(() => rm(dir, { recursive: true }));

  const write = async (file: string, isBegun: boolean, begins: Member[], text = '{}'): Promise<string> =>
    await writeArchive(
      path.join(dir, file),
      () =>
        Promise.resolve([
          { path: 'export.yaml', text: 'version: v1alpha1\nmcpConnector:\n  clusterID: cluster-1\n' },
          { path: 'disks.aws.example.org/cluster/disk-1.yaml', text },
        ]),
      { clusterID: 'cluster-1', isBegun, begins },
    );

  it('is kept from the first change on, and has what begins later, or another is asked for [adopt.archive.kept]', async () => {
    const digest = await write('one.tar.gz', false, [disk]);
    expect(await write('one.tar.gz', true, [disk], '{"changed":true}')).toBe(digest);
    const other: Member = { ...disk, from: { name: 'disk-2', uid: '' } };
    await expect(write('one.tar.gz', true, [other])).rejects.toThrow('has no Disk disk-2: give another name');
    expect(StoredArchive.of(await readFile(path.join(dir, 'one.tar.gz'))).digest).toBe(digest);
    expect(await write('one.tar.gz', false, [disk], '{"changed":true}')).not.toBe(digest);
  });
});
