import { readFile, rename, writeFile } from 'node:fs/promises';
import { dump } from 'js-yaml';
import type { CustomResourceDefinition, KubeList } from '../apimachinery/objects.ts';
import { parseLossless } from '../apimachinery/lossless-json.ts';
import { ConnectorError, describeError } from '../base/errors.ts';
import { crdPath, resourcePath } from '../clusters/api-paths.ts';
import { isNotFound, type KubeClient } from '../clusters/kube-client.ts';
import { annotationPrefix } from '../mapping/identity.ts';
import { type AdoptedObject, type Member, showMember } from './member.ts';
import { archivedPath, digestOf, folderOf, StoredArchive } from './stored-archive.ts';
import { type ArchiveFile, packTarGz } from './tar.ts';

/*
 * The format of `up controlplane migration export`: `export.yaml`, and for each resource a folder `<plural>.<group>` with
 * `metadata.yaml`, `cluster/<name>.yaml` and `namespaces/<namespace>/<name>.yaml`.
 */

interface ArchivedResource {
  group: string;
  version: string;
  plural: string;
  categories: readonly string[];
  withStatusSubresource: boolean;
}

/** What stands for one cluster only, and what another cluster makes anew. */
const leftMetadata = new Set([
  'generateName',
  'selfLink',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'ownerReferences',
  'managedFields',
]);
const core: ArchivedResource[] = ['namespaces', 'configmaps', 'secrets'].map((plural) => ({
  group: '',
  version: 'v1',
  plural,
  categories: [],
  withStatusSubresource: false,
}));
const leftNamespaces = new Set(['kube-system', 'kube-public', 'kube-node-lease', 'local-path-storage']);

/**
 * Everything of the app cluster that has to do with Crossplane, and the objects it refers to, as files. Their content is JSON, which is
 * YAML too, and keeps every number as it stands.
 */
export async function readArchive(
  app: KubeClient,
  members: readonly Member[],
  clusterID: string,
): Promise<ArchiveFile[]> {
  const resources = [...core, ...(await crossplaneResources(app, members))];
  const files: ArchiveFile[] = [];
  const counts: { native: Record<string, number>; custom: Record<string, number> } = {
    native: {},
    custom: {},
  };
  for (const resource of resources) {
    const objects = (await listAll(app, resourcePath(resource))).filter((object) =>
      isArchived(resource, object),
    );
    if (objects.length === 0) continue;
    const { group, version, plural, categories, withStatusSubresource } = resource;
    const folder = folderOf(resource);
    const metadata = {
      ...(categories.length > 0 ? { categories } : {}),
      ...(withStatusSubresource ? { withStatusSubresource } : {}),
    };
    files.push({ path: `${folder}/metadata.yaml`, text: dump(metadata) });
    for (const object of objects)
      files.push({ path: `${folder}/${archivedPath(object.metadata)}`, text: textOf(object, resource) });
    (group === '' ? counts.native : counts.custom)[`${group === '' ? '' : `${group}/`}${version} ${plural}`] =
      objects.length;
  }
  const description = {
    version: 'v1alpha1',
    exportedAt: new Date().toISOString(),
    options: { pausedBeforeExport: false },
    stats: { total: files.length, nativeResources: counts.native, customResources: counts.custom },
    mcpConnector: { clusterID },
  };
  return [{ path: 'export.yaml', text: dump(description) }, ...files];
}

/**
 * Writes it whole or not at all, for its owner only: it holds Secrets. An archive of the same cluster is replaced only while nothing has been
 * changed there (`isBegun`), and has to hold what begins now. Resolves to its digest.
 */
export async function writeArchive(
  file: string,
  read: () => Promise<ArchiveFile[]>,
  { clusterID, isBegun, begins }: { clusterID: string; isBegun: boolean; begins: readonly Member[] },
): Promise<string> {
  const there = await readFile(file).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new ConnectorError('bad-archive', `--archive ${file} cannot be read: ${describeError(error)}`);
  });
  const known = there && archiveOrNone(there);
  if (there && known?.clusterID !== clusterID)
    throw new ConnectorError(
      'bad-archive',
      `--archive ${file} is there already, and no archive of this cluster: give another name`,
    );
  if (known && isBegun) {
    const missing = begins.find(({ resource, from }) => !known.has(resource, from));
    if (!missing) return known.digest;
    throw new ConnectorError(
      'bad-archive',
      `--archive ${file} is that of adoptions that were begun before, and has no ${showMember(missing)}: give another name for those that begin now`,
    );
  }
  const packed = packTarGz(await read());
  try {
    await writeFile(`${file}.part`, packed, { mode: 0o600 });
    await rename(`${file}.part`, file);
  } catch (cause) {
    throw new ConnectorError('bad-archive', `--archive ${file} cannot be written: ${describeError(cause)}`, {
      cause,
    });
  }
  return digestOf(packed);
}

function archiveOrNone(packed: Buffer): StoredArchive | undefined {
  try {
    return StoredArchive.of(packed);
  } catch {
    return undefined;
  }
}

/** By CRD: Crossplane's own, those of its packages and of its composite resource definitions, and what claims consist of. */
async function crossplaneResources(app: KubeClient, members: readonly Member[]): Promise<ArchivedResource[]> {
  const { items } = await app.get<KubeList<CustomResourceDefinition>>(crdPath(), { timeoutMs: 120_000 });
  const needed = new Set(members.map(({ resource }) => `${resource.plural}.${resource.group}`));
  return items.flatMap(({ metadata, spec }): ArchivedResource[] => {
    const isOwned = metadata.ownerReferences?.some(
      ({ apiVersion, kind }) =>
        apiVersion.startsWith('pkg.crossplane.io/') || kind === 'CompositeResourceDefinition',
    );
    const isCrossplane = spec.group.endsWith('crossplane.io') || isOwned || needed.has(metadata.name);
    const version = spec.versions.find(({ storage }) => storage) ?? spec.versions[0];
    if (!isCrossplane || !version?.served) return [];
    return [
      {
        group: spec.group,
        version: version.name,
        plural: spec.names.plural,
        categories: spec.names.categories ?? [],
        withStatusSubresource: version.subresources?.status !== undefined,
      },
    ];
  });
}

async function listAll(app: KubeClient, path: string): Promise<AdoptedObject[]> {
  const all: AdoptedObject[] = [];
  let page: string | undefined;
  do {
    const query: Record<string, string> = { limit: '500', ...(page ? { continue: page } : {}) };
    const text = await app.getText(path, { query, timeoutMs: 60_000 }).catch((error: unknown) => {
      if (isNotFound(error)) return '{"metadata":{},"items":[]}';
      throw error;
    });
    const list = parseLossless(text) as unknown as KubeList<AdoptedObject>;
    all.push(...list.items);
    page = list.metadata.continue;
  } while (page);
  return all;
}

function isArchived({ plural, group }: ArchivedResource, { metadata, type }: AdoptedObject): boolean {
  if (group === 'pkg.crossplane.io' && plural === 'locks') return false;
  if (group !== '') return true;
  const namespace = plural === 'namespaces' ? metadata.name : (metadata.namespace ?? '');
  if (leftNamespaces.has(namespace)) return false;
  if (metadata.labels?.['app.kubernetes.io/managed-by'] === 'Helm') return false;
  return metadata.name !== 'kube-root-ca.crt' && type !== 'helm.sh/release.v1';
}

function textOf(object: AdoptedObject, { group, version }: ArchivedResource): string {
  const metadata = Object.fromEntries(
    Object.entries(object.metadata).filter(([field]) => !leftMetadata.has(field)),
  ) as AdoptedObject['metadata'];
  if (metadata.annotations)
    metadata.annotations = Object.fromEntries(
      Object.entries(metadata.annotations).filter(([key]) => !key.startsWith(annotationPrefix)),
    );
  // Items of a list of a built-in kind have neither.
  const apiVersion = object.apiVersion ?? (group === '' ? version : `${group}/${version}`);
  return `${JSON.stringify({ apiVersion, ...object, metadata }, undefined, 2)}\n`;
}
