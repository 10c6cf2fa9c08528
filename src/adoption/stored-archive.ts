import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { load } from 'js-yaml';
import { parseLossless } from '../apimachinery/lossless-json.ts';
import { yamlToJson } from '../apimachinery/yaml-body.ts';
import { ConnectorError, describeError } from '../base/errors.ts';
import type { AdoptedObject, ObjectPlace } from './member.ts';
import { unpackTarGz } from './tar.ts';

/** Of `export.yaml`. */
interface Description {
  version?: string;
  options?: { pausedBeforeExport?: boolean };
  /** Of the connector's own archives. */
  mcpConnector?: { clusterID?: string };
}

/** An archive in the format of `up controlplane migration export`, as it or as `adopt` has written it (archive.ts). */
export class StoredArchive {
  /** `sha256:<hex>` of the file. */
  readonly digest: string;
  readonly #description: Description;
  readonly #texts: ReadonlyMap<string, string>;

  private constructor(digest: string, description: Description, texts: ReadonlyMap<string, string>) {
    this.digest = digest;
    this.#description = description;
    this.#texts = texts;
  }

  /** Throws ConnectorError `bad-archive`. */
  static async read(file: string): Promise<StoredArchive> {
    try {
      return StoredArchive.of(await readFile(file));
    } catch (cause) {
      throw new ConnectorError('bad-archive', `the archive ${file} cannot be read: ${describeError(cause)}`, {
        cause,
      });
    }
  }

  /** Throws ConnectorError `bad-archive`. */
  static of(packed: Buffer): StoredArchive {
    const texts = new Map(unpackTarGz(packed).map(({ path, text }) => [path, text]));
    const text = texts.get('export.yaml');
    const description = text === undefined ? undefined : (load(text) as Description | undefined);
    if (description?.version !== 'v1alpha1')
      throw new ConnectorError(
        'bad-archive',
        `it has no export.yaml of version v1alpha1, so it is no archive of a Crossplane (${description?.version ?? 'none'})`,
      );
    return new StoredArchive(digestOf(packed), description, texts);
  }

  /** Undefined where `up` has written it. */
  get clusterID(): string | undefined {
    return this.#description.mcpConnector?.clusterID;
  }

  /** Whether managed resources were paused before they were written down. */
  get isPaused(): boolean {
    return this.#description.options?.pausedBeforeExport === true;
  }

  has(resource: { group: string; plural: string }, place: ObjectPlace): boolean {
    return this.#texts.has(`${folderOf(resource)}/${archivedPath(place)}`);
  }

  find(resource: { group: string; plural: string }, place: ObjectPlace): AdoptedObject | undefined {
    const path = `${folderOf(resource)}/${archivedPath(place)}`;
    const text = this.#texts.get(path);
    return text === undefined ? undefined : objectOf(path, text);
  }

  /** `<plural>.<group>` of every kind of claims that it has. */
  get claimResources(): string[] {
    return [...this.#texts].flatMap(([path, text]) => {
      const [folder = '', file] = path.split('/');
      if (file !== 'metadata.yaml') return [];
      const { categories } = (load(text) ?? {}) as { categories?: string[] };
      return categories?.includes('claim') ? [folder] : [];
    });
  }

  list(resource: { group: string; plural: string }): AdoptedObject[] {
    const folder = `${folderOf(resource)}/`;
    return [...this.#texts]
      .filter(([path]) => path.startsWith(folder) && path !== `${folder}metadata.yaml`)
      .map(([path, text]) => objectOf(path, text));
  }
}

export function digestOf(packed: Buffer): string {
  return `sha256:${createHash('sha256').update(packed).digest('hex')}`;
}

export function folderOf({ group, plural }: { group: string; plural: string }): string {
  return group === '' ? plural : `${plural}.${group}`;
}

/** Within the folder of its resource. */
export function archivedPath({ namespace, name }: ObjectPlace): string {
  return namespace === undefined ? `cluster/${name}.yaml` : `namespaces/${namespace}/${name}.yaml`;
}

/** With every number as it stands there, as far as YAML lets it be told. */
function objectOf(path: string, text: string): AdoptedObject {
  try {
    const json = text.startsWith('{') ? text : yamlToJson(text);
    const object = parseLossless(json) as unknown as Partial<AdoptedObject> | null;
    if (typeof object?.metadata?.name === 'string') return object as AdoptedObject;
  } catch (cause) {
    throw new ConnectorError('bad-archive', `${path} of the archive is no object: ${describeError(cause)}`, {
      cause,
    });
  }
  throw new ConnectorError('bad-archive', `${path} of the archive is no object of Kubernetes`);
}
