import { apiVersionOf, type ClaimApi } from '../claim-moves/claim-api.ts';
import { conditionOf, inUseLabel, isPaused } from '../claim-moves/claim-object.ts';
import type { AdoptionBlocker, AdoptionBlockerReason } from './blockers.ts';
import type { Family } from './family.ts';
import { type AdoptedObject, type Member, showMember } from './member.ts';
import { adoptionPauseOf } from './pause.ts';
import { crossplaneFinalizers } from './removal.ts';

interface Reference {
  apiVersion?: string;
  kind?: string;
  namespace?: string;
  name?: string;
}

export interface Findings {
  blockers: AdoptionBlocker[];
  warnings: string[];
}

/** What of a claim and the objects behind it stands in the way, as they are in the app cluster. */
export function checkFamily({ members, objects, dangling }: Family, api: ClaimApi): Findings {
  const findings: Findings = { blockers: [], warnings: [] };
  const block = (reason: AdoptionBlockerReason, message: string): void =>
    void findings.blockers.push({ reason, message });
  for (const sentence of dangling)
    block('Dangling', `${sentence}: let Crossplane make it, or correct the reference to it`);
  const [claim, composite] = objects as [AdoptedObject, AdoptedObject | undefined];
  if (!composite) {
    if (dangling.length === 0)
      block('NotBound', 'it is not bound to a composite resource yet: wait until it is, or delete it');
  } else checkBinding(claim, composite, api, block);
  for (const [at, member] of members.entries())
    checkObject(member, objects[at] as AdoptedObject, block, findings);
  return findings;
}

type Block = (reason: AdoptionBlockerReason, message: string) => void;

function checkBinding(claim: AdoptedObject, composite: AdoptedObject, api: ClaimApi, block: Block): void {
  const reference = composite.spec?.['claimRef'] as Reference | undefined;
  const { kind } = api.composite;
  const { name, namespace } = claim.metadata;
  if (reference?.name !== name || reference?.namespace !== namespace)
    block(
      'BoundToAnother',
      `its ${kind} ${composite.metadata.name} is bound to ${reference ? `${reference.namespace}/${reference.name}` : 'no claim'}`,
    );
  else if (reference?.apiVersion !== apiVersionOf(api) || reference.kind !== api.claim.kind)
    block(
      'VersionMismatch',
      `its ${kind} names the claim as ${reference?.apiVersion} ${reference?.kind}, and Crossplane works with ${apiVersionOf(api)}: correct spec.claimRef.apiVersion first`,
    );
}

function checkObject(member: Member, object: AdoptedObject, block: Block, { warnings }: Findings): void {
  const { metadata, spec } = object;
  const what = showMember(member);
  if (metadata.deletionTimestamp !== undefined)
    block('Deleting', `${what} is being deleted: wait until it is gone`);
  if (metadata.labels?.[inUseLabel] === 'true')
    block('InUse', `a Usage protects ${what} from deletion (label ${inUseLabel}): remove the Usage`);
  const foreign = (metadata.finalizers ?? []).filter((one) => !crossplaneFinalizers.has(one));
  if (foreign.length > 0)
    block(
      'ForeignFinalizer',
      `${what} has the finalizer ${foreign.join(', ')}, which is not Crossplane's: whoever set it would take the end of the local object for a deletion`,
    );
  if (spec?.publishConnectionDetailsTo !== undefined)
    block(
      'ExternalSecretStore',
      `${what} publishes connection details to an external store (spec.publishConnectionDetailsTo), where they would stay behind: use writeConnectionSecretToRef`,
    );
  if (isCreationPending(object))
    block(
      'CreationPending',
      `whether ${what} was created in the cloud is not known (crossplane.io/external-create-pending): find out, and remove the annotation`,
    );
  if (member.role === 'composed' && !member.isManaged)
    block(
      'NotManaged',
      `${what} is no managed resource: what it stands for would be made anew on the control plane, and removed here`,
    );
  const isPausedByUser = isPaused(object) && adoptionPauseOf(object) === undefined;
  if (isPausedByUser) {
    warnings.push(
      `${what} is paused, and stays so on the control plane; waiting for it takes up to two minutes`,
    );
    return;
  }
  const synced = conditionOf(object, 'Synced');
  if (synced?.status === 'False' && synced.reason !== 'ReconcilePaused')
    block(
      'NotSynced',
      `Crossplane cannot reconcile ${what}${synced.message ? ` (${synced.message})` : ''}: mend it first`,
    );
}

/** As crossplane-runtime has it (meta.ExternalCreateIncomplete): begun, and neither succeeded nor failed since. */
function isCreationPending({ metadata: { annotations = {} } }: AdoptedObject): boolean {
  const time = (key: string): number =>
    Date.parse(annotations[`crossplane.io/external-create-${key}`] ?? '') || 0;
  const pending = time('pending');
  return pending > 0 && pending > time('succeeded') && pending > time('failed');
}
