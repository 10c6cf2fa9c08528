import { Backoff, type Clock, systemClock } from '../base/clock.ts';
import { ConnectorError } from '../base/errors.ts';
import { conditionOf, isPaused } from '../claim-moves/claim-object.ts';
import { absentOrThrow, ApiError, isConflict } from '../clusters/kube-client.ts';
import { adoptedFromAnnotation, adoptionPauseAnnotation } from '../mapping/identity.ts';
import { type BothSides, requireEqual } from './comparison.ts';
import { type BothClusters, isCopyOf, makeCopies, onControlPlane } from './copies.ts';
import { attach, detach } from './dependents.ts';
import { readObject } from './family.ts';
import type { DetachedDependent, Adoption, AdoptionLedger, AdoptionPhase, AdoptionRecord } from './ledger.ts';
import {
  type AdoptedObject,
  appPath,
  appUid,
  controlPlanePath,
  levels,
  type Member,
  showMember,
} from './member.ts';
import type { Originals } from './originals.ts';
import { adoptionPauseOf, mustRead, pauseMember, releaseMember } from './pause.ts';
import { removeWithoutTrace } from './removal.ts';
import { inAppCluster, recognizeCopies, requireRevisions, restoreOwners } from './restored-objects.ts';
import type { Workers } from './workers.ts';

/** What is being done, for people. */
export type AdoptionStep =
  | 'pause'
  | 'copy'
  | 'compare'
  | 'release-composites'
  | 'release-claim'
  | 'release-composed'
  | 'pause-copies'
  | 'remove-copies'
  | 'remove'
  | 'hand-over'
  | 'restore'
  | 'release';

export interface AdopterOptions extends BothClusters {
  originals: Originals;
  ledger: AdoptionLedger;
  workers: { app: Workers; controlPlane: Workers };
  onStep?: ((step: AdoptionStep) => void) | undefined;
  clock?: Clock | undefined;
  /** Milliseconds until a reconcile that nobody has seen the end of is over; by role when left out. */
  reconcileEndsMs?: number | undefined;
}

/** For Crossplane to work on what was let go. */
const reconciledMs = 90_000;
const unavailableMs = 60_000;
/** Milliseconds between two of them, at first and at most: many claims are looked at while Crossplane has its hands full. */
const looks = [250, 2_000] as const;

/**
 * Carries the adoption of one claim from phase to phase. Every method may be called again wherever it was cut off: what there is to do is
 * read from the objects, and the ledger says no more than which cluster has the say.
 */
export class Adopter {
  readonly #options: AdopterOptions;
  readonly #clock: Clock;
  #adoption: Adoption;

  constructor(adoption: Adoption, options: AdopterOptions) {
    this.#adoption = adoption;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  get phase(): AdoptionPhase {
    return this.#adoption.phase;
  }

  get record(): AdoptionRecord {
    return this.#adoption.record;
  }

  /** Everything is paused in the app cluster and copied, paused, to the control plane. The app cluster has the say still. */
  async copy(): Promise<void> {
    if (this.phase !== 'planned' && this.phase !== 'copying') return;
    await this.#enter('copying');
    const { originals, controlPlane } = this.#options;
    // What is in an archive stands still.
    if (!this.record.isFromArchive) await this.#patiently('pause', () => this.#pauseAll('app', appPath));
    await this.#patiently('copy', () => makeCopies(this.record, originals, onControlPlane(controlPlane)));
    await this.#patiently('compare', () => this.#requireEqual(true));
  }

  /**
   * The control plane gets the say. From the first write here nothing in the app cluster may be let go any more, which the ledger says before.
   * Crossplane takes over what it composes while no provider works on it: what it would change is seen before the cloud is.
   */
  async goLive(): Promise<void> {
    if (this.phase !== 'copying' && this.phase !== 'live') return;
    if (this.phase === 'copying') {
      await this.#patiently('compare', () => this.#requireReady());
      await this.#enter('live');
    }
    await this.#patiently('release-composites', () => this.#releaseCopies('composite'));
    await this.#patiently('release-claim', () => this.#releaseCopies('claim'));
    const isUntouched = await this.#composedIsPaused();
    await this.#patiently('compare', () => this.#requireEqual(isUntouched));
    await this.#patiently('release-composed', () => this.#releaseCopies('composed'));
    await this.#patiently('compare', () => this.#requireEqual(false));
    await this.#enter('adopted');
  }

  /** Back to the app cluster, as far as nothing was removed there. */
  async goBack(): Promise<void> {
    if (this.phase === 'planned') return await this.#enter('undone');
    if (this.phase === 'live' || this.phase === 'adopted' || this.phase === 'recalling') {
      await this.#enter('recalling');
      await this.#patiently('pause-copies', () => this.#pauseAll('controlPlane', controlPlanePath));
      await this.#patiently('compare', () => this.#requireEqual(false));
      await this.#enter('discarding');
    }
    if (this.phase === 'copying') await this.#enter('discarding');
    if (this.phase !== 'discarding') return;
    await this.#patiently('remove-copies', () => this.#removeCopies());
    await this.#patiently('release', () => this.#releaseApp());
    await this.#enter('undone');
  }

  /** No way back by undo after this: what the claim owns is known, and everything is compared for the last time. */
  async beginFinish(dependents: DetachedDependent[]): Promise<void> {
    if (this.phase !== 'adopted') return;
    if (!this.record.isFromArchive) await this.#patiently('compare', () => this.#requireEqual(false));
    await this.#enter('finishing', { dependents });
  }

  /** The control plane has the only objects there are. */
  async removeFromApp(): Promise<void> {
    if (this.phase !== 'finishing') return;
    const { app } = this.#options;
    await this.#patiently('remove', async () => {
      await this.#requireCopies();
      for (const dependent of this.record.dependents ?? []) await detach(app, dependent);
      const objects = this.record.members.map((member) => ({
        path: appPath(member),
        member,
        uid: appUid(member),
      }));
      if (!this.record.isFromArchive) await removeWithoutTrace(app, objects);
    });
    await this.#enter('detached');
  }

  async uidOfCopy(): Promise<string> {
    const claim = this.record.members[0] as Member;
    const copy = await mustRead(this.#options.controlPlane, controlPlanePath(claim), claim);
    return copy.metadata.uid ?? '';
  }

  /** What the claim owned is the claim's again, and nothing says any more that it was adopted. */
  async attachDependents(uid: string): Promise<void> {
    if (this.phase !== 'detached') return;
    await this.#patiently('hand-over', async () => {
      for (const dependent of this.record.dependents ?? []) await attach(this.#options.app, dependent, uid);
      const annotations = { [adoptedFromAnnotation]: null, [adoptionPauseAnnotation]: null };
      for (const member of this.record.members)
        await this.#options.controlPlane
          .patch(controlPlanePath(member), { metadata: { annotations } })
          .catch(absentOrThrow);
    });
    await this.#enter('finished');
  }

  /** Whether the control plane has what the archive has, still: an undo would turn it back otherwise. Changes nothing that anybody works with. */
  async requireRestorable(archived: Originals): Promise<void> {
    if (this.phase !== 'detached' && this.phase !== 'finished') return;
    const { app, controlPlane } = this.#options;
    await this.#patiently('compare', async () => {
      await recognizeCopies(this.record, controlPlane);
      await requireEqual(this.record, archived, controlPlane, false);
      await requireRevisions(this.record, archived, app);
    });
  }

  /** What the claim owns in the app cluster is nobody's while its API changes hands, or a collector would miss the owner. */
  async beginRestore(found: readonly DetachedDependent[]): Promise<void> {
    if (this.phase === 'detached' || this.phase === 'finished') {
      const paths = new Set(found.map(({ path }) => path));
      const others = (this.record.dependents ?? []).filter(({ path }) => !paths.has(path));
      await this.#enter('restoring', { dependents: [...others, ...found] });
    }
    if (this.phase !== 'restoring') return;
    await this.#patiently('restore', async () => {
      for (const dependent of this.record.dependents ?? []) await detach(this.#options.app, dependent);
    });
  }

  /** Everything is in the app cluster again, paused: as it was before the end of the adoption. */
  async restore(archived: Originals): Promise<void> {
    if (this.phase !== 'restoring') return;
    const { app } = this.#options;
    await this.#patiently('restore', async () => {
      const uids = await makeCopies(this.record, archived, inAppCluster(app));
      const uidOfClaim = uids.get(this.record.members[0] as Member) ?? '';
      for (const dependent of this.record.dependents ?? []) await attach(app, dependent, uidOfClaim);
      await restoreOwners(this.record, this.#options);
      const members = this.record.members.map((member): Member => {
        const restored = uids.get(member);
        return { ...member, from: { ...member.from, ...(restored ? { restored } : {}) } };
      });
      await this.#enter('recalling', { members });
    });
  }

  async #requireCopies(): Promise<void> {
    for (const member of this.record.members) {
      const copy = await mustRead(this.#options.controlPlane, controlPlanePath(member), member);
      if (!isCopyOf(copy, member) || copy.metadata.deletionTimestamp !== undefined)
        throw new ConnectorError('differs', `the copy of ${showMember(member)} is gone, or going`);
    }
  }

  /** From the claim down: nobody above writes to what is paused below. */
  async #pauseAll(side: keyof BothClusters, pathOf: (member: Member) => string): Promise<void> {
    const { clock, reconcileEndsMs: endsMs } = this.#options;
    for (const group of levels(this.record.members)) {
      await Promise.all(
        group.map((member) =>
          pauseMember({
            client: this.#options[side],
            path: pathOf(member),
            member,
            workers: this.#options.workers[side],
            clock,
            endsMs,
          }),
        ),
      );
    }
  }

  async #requireEqual(isAtRest: boolean): Promise<BothSides> {
    const { originals, controlPlane } = this.#options;
    return await requireEqual(this.record, originals, controlPlane, isAtRest);
  }

  /** Right before the first copy is let go: nothing has been let go anywhere, and nothing is missing. */
  async #requireReady(): Promise<void> {
    const { objects, copies } = await this.#requireEqual(true);
    for (const [at, member] of this.record.members.entries()) {
      // Nothing of it is missing, or it would differ.
      const [object, copy] = [objects[at] as AdoptedObject, copies[at] as AdoptedObject];
      if (adoptionPauseOf(object) === undefined) throw notPaused(member, 'the app cluster');
      if (adoptionPauseOf(copy) === undefined) throw notPaused(member, 'the control plane');
      if (member.owner === undefined) continue;
      const uid = copies[member.owner]?.metadata.uid;
      if (!copy.metadata.ownerReferences?.some((owner) => owner.controller && owner.uid === uid))
        throw new ConnectorError(
          'differs',
          `the copy of ${showMember(member)} is not owned by ${(this.record.members[member.owner] as Member).to.name}`,
        );
    }
  }

  async #composedIsPaused(): Promise<boolean> {
    const composed = this.record.members.filter(({ role }) => role === 'composed');
    const copies = await Promise.all(
      composed.map((member) => mustRead(this.#options.controlPlane, controlPlanePath(member), member)),
    );
    return copies.every(isPaused);
  }

  /** What composes others first, so that none makes what is there already. */
  async #releaseCopies(role: Member['role']): Promise<void> {
    const { controlPlane, originals } = this.#options;
    for (const member of this.record.members.filter((one) => one.role === role)) {
      // Whoever lets the original go makes two controllers of one thing.
      const object = await originals.read(member);
      if (!object || !isPaused(object)) throw notPaused(member, 'the app cluster');
      await releaseMember(controlPlane, controlPlanePath(member), member, false);
      if (role !== 'composed') await this.#reconciled(member);
    }
  }

  async #reconciled(member: Member): Promise<void> {
    let trouble: string | undefined;
    const backoff = new Backoff(...looks);
    for (const end = this.#clock.now() + reconciledMs; ; await this.#clock.sleep(backoff.next())) {
      const copy = await mustRead(this.#options.controlPlane, controlPlanePath(member), member);
      // Somebody had paused it before, and wants it to stay so.
      if (isPaused(copy)) return;
      const synced = conditionOf(copy, 'Synced');
      if (synced?.status === 'True') return;
      trouble = synced?.reason === 'ReconcilePaused' ? undefined : (synced?.message ?? synced?.reason);
      if (this.#clock.now() > end) break;
    }
    throw new ConnectorError(
      'not-reconciled',
      trouble === undefined
        ? `Crossplane of the control plane has not looked at ${member.resource.kind} ${member.to.name}: see that it runs, then resume`
        : `Crossplane of the control plane cannot reconcile ${member.resource.kind} ${member.to.name}: ${trouble}; mend it and resume, or undo`,
    );
  }

  async #removeCopies(): Promise<void> {
    const { controlPlane, originals } = this.#options;
    for (const member of this.record.members) {
      const object = await originals.read(member);
      if (object?.metadata.uid !== appUid(member))
        throw new ConnectorError(
          'object-gone',
          `${showMember(member)} is not in the app cluster any more: its copy on the control plane is left, as the only one there is`,
        );
    }
    const copies = await Promise.all(
      this.record.members.map(async (member) => {
        const path = controlPlanePath(member);
        const copy = await readObject(controlPlane, path);
        return copy && isCopyOf(copy, member) ? [{ path, member, uid: copy.metadata.uid ?? '' }] : [];
      }),
    );
    await removeWithoutTrace(controlPlane, copies.flat());
  }

  /** From the bottom up, so that nothing is composed before what is there works. */
  async #releaseApp(): Promise<void> {
    if (this.record.isFromArchive) return;
    for (const member of this.record.members.toReversed())
      await releaseMember(this.#options.app, appPath(member), member, true);
  }

  async #enter(phase: AdoptionPhase, change: Partial<AdoptionRecord> = {}): Promise<void> {
    if (this.phase === phase) return;
    const { reason: _reason, ...record } = this.record;
    const adoption = { ...this.#adoption, record: { ...record, ...change } };
    this.#adoption = await this.#options.ledger.write(adoption, phase);
  }

  /** Says in the ledger why it stopped. */
  async note(reason: string): Promise<void> {
    const record = { ...this.record, reason };
    this.#adoption = await this.#options.ledger.write({ ...this.#adoption, record }, this.phase);
  }

  /** Tries again what another try may cure. */
  async #patiently(step: AdoptionStep, work: () => Promise<unknown>): Promise<void> {
    this.#options.onStep?.(step);
    const backoff = new Backoff(200, 5_000);
    const end = this.#clock.now() + unavailableMs;
    for (;;) {
      try {
        await work();
        return;
      } catch (error) {
        if (!isPassing(error) || this.#clock.now() > end) throw error;
        await this.#clock.sleep(backoff.next());
      }
    }
  }
}

function notPaused(member: Member, where: string): ConnectorError {
  return new ConnectorError(
    'not-paused',
    `${showMember(member)} is not paused any more in ${where}: see who let it go, then resume or undo`,
  );
}

function isPassing(error: unknown): boolean {
  if (error instanceof ApiError) return isConflict(error) || error.status === 429 || error.status >= 500;
  return (
    error instanceof ConnectorError && ['unreachable', 'unusable-answer', 'still-there'].includes(error.code)
  );
}
