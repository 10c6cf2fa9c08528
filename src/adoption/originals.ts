import type { Secret } from '../apimachinery/objects.ts';
import { secretPath } from '../clusters/api-paths.ts';
import { absentOrThrow, type KubeClient } from '../clusters/kube-client.ts';
import { readObject } from './family.ts';
import { type AdoptedObject, appPath, type Member, type ObjectPlace } from './member.ts';

/** Where the objects of the app cluster are read that copies are made of: in the cluster itself, or in an archive of it. */
export interface Originals {
  /** Undefined where it is not there. */
  read(member: Member): Promise<AdoptedObject | undefined>;
  /** A connection Secret, where it is this member's. */
  secretOf(member: Member, place: Required<ObjectPlace>): Promise<Secret | undefined>;
}

export class ClusterOriginals implements Originals {
  readonly #app: KubeClient;

  constructor(app: KubeClient) {
    this.#app = app;
  }

  read(member: Member): Promise<AdoptedObject | undefined> {
    return readObject(this.#app, appPath(member));
  }

  async secretOf({ from }: Member, { namespace, name }: Required<ObjectPlace>): Promise<Secret | undefined> {
    const secret = await this.#app.get<Secret>(secretPath(namespace, name)).catch(absentOrThrow);
    // None yet, or somebody else's: Crossplane makes it.
    return secret && controllerUID(secret) === from.uid ? secret : undefined;
  }
}

export function controllerUID({ metadata }: Secret): string | undefined {
  return metadata.ownerReferences?.find(({ controller }) => controller)?.uid;
}
