import { Edits } from '../apimachinery/json-edit.ts';
import { applyPatch as applyOperations, parsePatch, withTest } from '../apimachinery/json-patch.ts';
import { LazyJson, printLazy } from '../apimachinery/lazy-json.ts';
import { mediaType } from '../apimachinery/media-types.ts';
import { badRequest, methodNotSupported, notFound, StatusError } from '../apimachinery/status.ts';
import { isAmbiguous } from '../mapping/identity.ts';
import type { Live } from '../mapping/origin.ts';
import {
  editScaleTableToApp,
  editScaleToApp,
  editScaleToControlPlane,
  type ScaleNames,
  type ScalePin,
  scaleRefusalToApp,
} from '../mapping/scale.ts';
import { forwardedHeaders } from '../upstream/answer-headers.ts';
import type { Answer } from '../upstream/control-plane.ts';
import {
  ask,
  groupResource,
  makeDryRun,
  type NamedClaimRequest,
  readLiveObject,
  refusalStatus,
  wanted,
} from './claim-request.ts';
import { applyPatch, jsonPatch, patchTypeOf } from './patches/patch-type.ts';
import { asJson, checkObject, refusalOnly, readSent } from './write-body.ts';

/** How often a request starts over when its object was replaced, or changed, in between. */
const maxAttempts = 5;

/**
 * The scale subresource: GET, UPDATE and PATCH. A Scale carries no labels, so the object is read first, and the answer
 * counts only when it is about the same uid.
 */
export async function handleScale(request: NamedClaimRequest): Promise<void> {
  switch (request.info.verb) {
    case 'get':
      return answerAsked(request, () => ({ method: 'GET' }));
    case 'update':
      return updateScale(request);
    case 'patch':
      return patchScale(request);
    default:
      throw methodNotSupported(groupResource(request), request.info.verb);
  }
}

/** One way to ask, made anew for each attempt from the object it is meant for. */
interface ScaleCall {
  method: 'GET' | 'PUT' | 'PATCH';
  type?: string;
  body?: Buffer;
  /** Why the body cannot be carried out; it is sent as a dry run then, for the API server's own words. */
  refusal?: StatusError;
  /** Tells the refusals that are due to what was pinned here, and not by the user. */
  isLost?: (answer: Answer) => boolean;
}

async function updateScale(request: NamedClaimRequest): Promise<void> {
  const { bytes, type } = await readSent(request);
  const scale = await objectText(bytes, mediaType(type) === 'application/yaml');
  if (scale instanceof StatusError)
    return answerAsked(request, () => ({ method: 'PUT', type, body: bytes, refusal: scale }));
  return answerAsked(request, ({ uid }) => ({
    method: 'PUT',
    body: toControlPlane(request, scale, { uid }),
    isLost: (answer) => answer.status === 409 && answer.body.includes(`UID in precondition: ${uid}`),
  }));
}

async function patchScale(request: NamedClaimRequest): Promise<void> {
  const type = patchTypeOf(request);
  const sent = await request.exchange.readBody();
  if (type === jsonPatch) return patchByOperations(request, sent);
  const patch = await objectText(sent, type === applyPatch);
  if (patch instanceof StatusError)
    return answerAsked(request, () => ({ method: 'PATCH', type, body: sent, refusal: patch }));
  // No uid is read of a patched Scale. Where another claim could have taken the name, the version stands for it.
  const isPinned = isAmbiguous(request.app);
  return answerAsked(request, ({ resourceVersion }) => ({
    method: 'PATCH',
    type,
    body: toControlPlane(request, patch, isPinned ? { resourceVersion } : {}),
    isLost: (answer) => isPinned && isOvertaken(answer) && !sent.includes('resourceVersion'),
  }));
}

/** The body as JSON. What is no object holds no name that could be mapped, and the API server knows the words for it. */
async function objectText(bytes: Buffer, isYaml: boolean): Promise<Buffer | StatusError> {
  try {
    return checkObject(isYaml ? await asJson(bytes) : bytes).bytes;
  } catch (error) {
    return refusalOnly(error);
  }
}

/** Operations on the metadata are applied to the user's view; all others mean the same on the control plane. */
async function patchByOperations(request: NamedClaimRequest, sent: Buffer): Promise<void> {
  const operations = parsePatch(sent);
  if (!operations) {
    const refusal = badRequest('error decoding patch');
    return answerAsked(request, () => ({ method: 'PATCH', type: jsonPatch, body: sent, refusal }));
  }
  if (operations.some(({ path, from }) => isOnMetadata(path) || isOnMetadata(from))) {
    return answerAsked(request, () => rewritten(request, sent));
  }
  const isPinned = isAmbiguous(request.app);
  return answerAsked(request, ({ uid }) => ({
    method: 'PATCH',
    type: jsonPatch,
    body: isPinned ? withTest(sent, '/metadata/uid', uid) : sent,
    isLost: ({ status, body }) => isPinned && status === 422 && body.includes('/metadata/uid'),
  }));
}

function isOnMetadata(path: string | undefined): boolean {
  if (path === undefined) return false;
  const [, first] = path.split('/');
  return first === undefined || first === 'metadata';
}

/** The patched Scale as a whole, at the version it was made from: as a PATCH it is made again when that has passed. */
async function rewritten(request: NamedClaimRequest, sent: Buffer): Promise<ScaleCall> {
  const current = await ask(request, { method: 'GET', app: request.app });
  if (current.status >= 300) return { method: 'GET' };
  const edits = new Edits();
  editScaleToApp(current.body, current.body.indexOf('{'), current.body.length, namesOf(request), edits);
  // The operations are read anew each time: applying them changes their values.
  const patched = applyOperations(
    LazyJson.from(edits.apply(current.body)) as LazyJson,
    parsePatch(sent) ?? [],
  );
  const bytes = Buffer.from(printLazy(patched));
  const scale = patched.members() ? toControlPlane(request, bytes, {}) : bytes;
  return {
    method: 'PATCH',
    type: jsonPatch,
    body: Buffer.from(`[{"op":"replace","path":"","value":${scale.toString('utf8')}}]`),
    isLost: (answer) => isOvertaken(answer) && !sent.includes('/metadata/resourceVersion'),
  };
}

function isOvertaken({ status, body }: Answer): boolean {
  return status === 409 && body.includes('the object has been modified');
}

/**
 * Reads the object, asks for its Scale and answers. Starts over where the object became another one in between, or
 * changed while its version was pinned here.
 */
async function answerAsked(
  request: NamedClaimRequest,
  callFor: (live: Live) => ScaleCall | Promise<ScaleCall>,
): Promise<void> {
  const { app, exchange } = request;
  const { accept, query, columns } = wanted(request);
  const names = namesOf(request);
  for (let attempt = 1; ; attempt++) {
    const found = await readLiveObject(request);
    if (!found) throw notFound(groupResource(request), app.name);
    const { isLost, refusal, ...call } = await callFor(found.live);
    // Whatever the API server makes of it, nothing may be stored.
    if (refusal) makeDryRun(query);
    const answer = await ask(request, { ...call, app, query, accept });
    const { status, headers, body } = answer;
    const isLast = attempt === maxAttempts;
    if (refusal && status < 300) throw refusal;
    if (status >= 300) {
      if (!isLast && isLost?.(answer)) continue;
      const refused = scaleRefusalToApp(await refusalStatus(request, answer, app), names);
      return exchange.answerStatus(status, refused, forwardedHeaders(headers));
    }
    const edits = new Edits();
    const uid = columns
      ? editScaleTableToApp(body, names, columns.dropObjects, edits)
      : editScaleToApp(body, body.indexOf('{'), body.length, names, edits);
    if (uid === found.live.uid) {
      exchange.answerObject(status, forwardedHeaders(headers), edits.apply(body));
      return;
    }
    if (isLast || call.method !== 'GET') throw notFound(groupResource(request), app.name);
  }
}

function toControlPlane(request: NamedClaimRequest, bytes: Buffer, pin: ScalePin): Buffer {
  const edits = new Edits();
  editScaleToControlPlane(bytes, namesOf(request), pin, edits);
  return edits.apply(bytes);
}

function namesOf({ link, resource, app }: NamedClaimRequest): ScaleNames {
  return { connection: link.connection, prefix: resource.prefix, app };
}
