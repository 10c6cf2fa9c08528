import type { IncomingHttpHeaders } from 'node:http';
import { LazyJson } from '../../apimachinery/lazy-json.ts';
import type { Status, StatusError } from '../../apimachinery/status.ts';
import { warningValue } from '../../apimachinery/warning.ts';
import { duplicateOwners, unknownOwnerFields } from '../../mapping/owner-references.ts';
import { refusalToApp, showsObject, strictRefusal } from '../../mapping/patch-refusal.ts';
import { forwardedHeaders } from '../../upstream/answer-headers.ts';
import type { Answer } from '../../upstream/control-plane.ts';
import {
  answerObject,
  ask,
  makeDryRun,
  type NamedClaimRequest,
  refusalStatus,
  wanted,
} from '../claim-request.ts';

/** A patch as it goes out. */
export interface SentPatch {
  type: string;
  bytes: Buffer;
}

/** What the connector knows of a patch it has sent. */
export interface PatchFacts {
  /** The patched object as the app cluster sees it, where it was made here. */
  view?: string;
  /** What strict validation says of the patch itself, where it was not sent as it came. */
  problems?: readonly string[];
  secretName?: string | undefined;
}

/** apiserver/pkg/endpoints/handlers/rest.go: Warn is what it is by default. */
export function isStrict({ info }: NamedClaimRequest): 'Strict' | 'Warn' | 'Ignore' {
  const directive = info.query.get('fieldValidation');
  return directive === 'Strict' || directive === 'Ignore' ? directive : 'Warn';
}

/** Answers with the patched object, or with what the control plane said no to. */
export async function answerPatch(
  request: NamedClaimRequest,
  answer: Answer,
  { view, problems = [], secretName }: PatchFacts,
): Promise<void> {
  const isRefused = problems.length > 0 && isStrict(request) === 'Strict';
  if (answer.status < 300) {
    if (isRefused && view !== undefined) return answerStatus(request, answer, strictRefusal(view, problems));
    const warned = withWarnings(answer, [...problems, ...ownerWarnings(view)]);
    return answerObject(request, warned, wanted(request).columns, secretName);
  }
  const status = await refusalStatus(request, answer, request.app, secretName);
  if (showsObject(status)) return answerStatus(request, answer, refusalToApp(status, view, problems));
  const isBeforeDecoding = status.code === 404 || status.details?.group === 'meta.k8s.io';
  if (isBeforeDecoding) return answerStatus(request, answer, status);
  if (isRefused && view !== undefined) return answerStatus(request, answer, strictRefusal(view, problems));
  return answerStatus(request, withWarnings(answer, [...problems, ...ownerWarnings(view)]), status);
}

function answerStatus({ exchange }: NamedClaimRequest, { headers }: Answer, status: Status): void {
  exchange.answerStatus(status.code ?? 500, status, forwardedHeaders(headers));
}

/**
 * Answers a patch that cannot be carried out: the control plane is asked for its words by a dry run, which stores nothing
 * whatever comes of it. Throws `own` where it finds nothing wrong that goes before it.
 */
export async function refusePatch(
  request: NamedClaimRequest,
  { type, bytes }: SentPatch,
  own: StatusError,
  passes: (status: Status) => boolean = () => true,
): Promise<void> {
  const { accept, query } = wanted(request);
  makeDryRun(query);
  const answer = await ask(request, {
    method: 'PATCH',
    app: request.app,
    query,
    accept,
    type,
    body: bytes,
  });
  if (![400, 404, 413, 422, 500].includes(answer.status)) throw own;
  if (!passes(JSON.parse(answer.body.toString('utf8')) as Status)) throw own;
  return answerPatch(request, answer, {});
}

/**
 * The owners stand in annotations on the control plane, so what it would say of one that is there twice is said here
 * (apiserver/pkg/endpoints/handlers/rest.go, DuplicateOwnerReferencesAfterMutatingAdmissionWarningFormat).
 */
function ownerWarnings(view: string | undefined): string[] {
  const uids = view === undefined ? [] : duplicateOwners(ownersIn(view));
  if (uids.length === 0) return [];
  return [
    `.metadata.ownerReferences contains duplicate entries after mutating admission happens; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${uids.join(', ')}`,
  ];
}

/** For the same reason, what strict validation says of the owners in a patched object. */
export function ownerProblems(view: string): string[] {
  return unknownOwnerFields(ownersIn(view));
}

/** The ownerReferences of an object, in JSON; none where they are no array. */
function ownersIn(view: string): Buffer {
  const metadata = LazyJson.parse(view)?.members()?.get('metadata');
  const owners = metadata?.members()?.get('ownerReferences')?.toString();
  return Buffer.from(owners?.startsWith('[') ? owners : '[]');
}

/**
 * Warnings of our own before those of the control plane, without the ones about the patch that was sent in place of the
 * user's: the same are among our own.
 */
function withWarnings(answer: Answer, texts: readonly string[]): Answer {
  if (texts.length === 0) return answer;
  const own = texts.map(warningValue);
  const others = [answer.headers['warning'] ?? []]
    .flat()
    .filter((text) => !text.startsWith('299 - "json patch '));
  const warning = [...own, ...others];
  return { ...answer, headers: { ...answer.headers, warning } as unknown as IncomingHttpHeaders };
}
