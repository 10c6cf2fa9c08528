import { createHash } from 'node:crypto';
import type { Secret } from '../apimachinery/objects.ts';
import { isPaused, pausedAnnotation } from '../claim-moves/claim-object.ts';
import { adoptionPauseAnnotation, annotationPrefix } from '../mapping/identity.ts';
import type { AdoptedObject, Member, ObjectPlace } from './member.ts';
import type { Originals } from './originals.ts';
import type { AdoptionPause } from './pause.ts';
import { folderOf, type StoredArchive } from './stored-archive.ts';

/** Set by newer releases of `up` on what was paused before its export paused everything. */
const alreadyPausedAnnotation = 'migration.upbound.io/already-paused';
const connectionSecret = 'connection.crossplane.io/v1alpha1';

/**
 * The objects of an archive as those of a cluster that stands still: nobody works on what is written down. An archive has no uids; where
 * the member has none either, one is made of what the object is called, so that it is the same whenever it is read.
 */
export class ArchivedOriginals implements Originals {
  readonly #archive: StoredArchive;
  readonly #clusterID: string;

  constructor(archive: StoredArchive, clusterID: string) {
    this.#archive = archive;
    this.#clusterID = clusterID;
  }

  async read({ resource, from }: Member): Promise<AdoptedObject | undefined> {
    const object = this.#archive.find(resource, from);
    return object && this.#asOriginal(object, from.uid || this.#uidOf(resource, from));
  }

  async secretOf(_member: Member, place: Required<ObjectPlace>): Promise<Secret | undefined> {
    const secret = this.#archive.find({ group: '', plural: 'secrets' }, place) as Secret | undefined;
    // Whose it was an archive does not say.
    return secret?.type === connectionSecret ? secret : undefined;
  }

  claims(resource: { group: string; plural: string }): AdoptedObject[] {
    return this.#archive.list(resource).map((claim) => {
      const { namespace, name } = claim.metadata;
      return this.#asOriginal(
        claim,
        this.#uidOf(resource, { name, ...(namespace === undefined ? {} : { namespace }) }),
      );
    });
  }

  #asOriginal(object: AdoptedObject, uid: string): AdoptedObject {
    const mark: AdoptionPause = this.#wasPaused(object) ? 'before' : 'condition';
    const known = Object.entries(object.metadata.annotations ?? {});
    const annotations = {
      ...Object.fromEntries(
        known.filter(([key]) => key !== alreadyPausedAnnotation && !key.startsWith(annotationPrefix)),
      ),
      [pausedAnnotation]: 'true',
      [adoptionPauseAnnotation]: mark,
    };
    return { ...object, metadata: { ...object.metadata, uid, annotations } };
  }

  /** By somebody who wants it to stay so, and not by the export. */
  #wasPaused(object: AdoptedObject): boolean {
    if (!isPaused(object)) return false;
    return !this.#archive.isPaused || object.metadata.annotations?.[alreadyPausedAnnotation] === 'true';
  }

  #uidOf(resource: { group: string; plural: string }, { namespace, name }: ObjectPlace): string {
    const text = JSON.stringify([this.#clusterID, folderOf(resource), namespace, name]);
    const hex = createHash('sha256').update(text).digest('hex');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
  }
}
