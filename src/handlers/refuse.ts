import { Edits } from '../apimachinery/json-edit.ts';
import { mediaType } from '../apimachinery/media-types.ts';
import type { Status, StatusError } from '../apimachinery/status.ts';
import { editNamespace } from '../mapping/raw-object.ts';
import type { AppName } from '../mapping/identity.ts';
import { answerRefusal, ask, type ClaimRequest, makeDryRun, wanted } from './claim-request.ts';

/** A write that will not be carried out. */
export interface Refused {
  method: 'POST' | 'PUT';
  /** The object a PUT is about. */
  app?: AppName;
  bytes: Buffer;
  /** Content-Type as it came. */
  type: string;
  /** Why not, where the control plane finds nothing wrong. */
  own: StatusError;
  /** What of the control plane's reasons goes before `own`. */
  passes: (status: Status) => boolean;
}

/**
 * Answers a write that cannot be carried out. Kubernetes says what is wrong with a body in one order (its options and
 * media type, what cannot be decoded, whom it is for, admission, what is invalid), so the control plane is asked first,
 * by a dry run that stores nothing whatever it says: it knows the words of its version, and the schema.
 */
export async function refuse(request: ClaimRequest, refused: Refused): Promise<void> {
  const { method, app, bytes, type, own, passes } = refused;
  const { accept, query } = wanted(request);
  makeDryRun(query);
  const answer = await ask(request, { method, accept, query, type, body: bytes, ...(app ? { app } : {}) });
  // What a proxy on the way says is no Status.
  const isAboutBody =
    [400, 413, 415, 422].includes(answer.status) &&
    mediaType(answer.headers['content-type']) === 'application/json';
  const status = isAboutBody ? (JSON.parse(answer.body.toString('utf8')) as Status) : undefined;
  if (!status || !passes(status)) throw own;
  return answerRefusal(request, answer, app);
}

/** What goes before admission: options, media type, decoding. */
export function isOfDecoding({ code, details }: Status): boolean {
  return code !== 422 || details?.group === 'meta.k8s.io';
}

/** The user's own object, addressed to the claim namespace. */
export function asWritten({ link }: ClaimRequest, bytes: Buffer): Buffer {
  const edits = new Edits();
  editNamespace(bytes, link.connection.claimNamespace, edits);
  return edits.apply(bytes);
}
