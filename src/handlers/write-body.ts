import { maxBodyBytes } from '../apimachinery/body-limit.ts';
import { compactJson } from '../apimachinery/json-compact.ts';
import { Edits } from '../apimachinery/json-edit.ts';
import { mediaType } from '../apimachinery/media-types.ts';
import { badRequest, StatusError, unsupportedMediaType } from '../apimachinery/status.ts';
import { editToControlPlane } from '../mapping/claim-body.ts';
import type { Live } from '../mapping/origin.ts';
import type { NamedClaimRequest, ClaimRequest } from './claim-request.ts';
import { readYaml } from './yaml-thread.ts';

/** The few fields of a body that decide where it goes; everything else in it is only looked at as bytes. */
export interface BodyMetadata {
  name?: unknown;
  namespace?: unknown;
  generateName?: unknown;
  ownerReferences?: unknown;
}

export interface WriteBody {
  bytes: Buffer;
  metadata: BodyMetadata;
  /** `spec.writeConnectionSecretToRef.name`, for error texts. */
  secretName: string | undefined;
  /** True where apiVersion and kind are there. */
  isTyped: boolean;
}

/** A body as it came. */
export interface SentBody {
  bytes: Buffer;
  /** Content-Type as it came; JSON where there was none. */
  type: string;
  /** What a body in YAML says; a StatusError where that cannot be read. */
  asJson?: Buffer | StatusError;
}

const json = 'application/json';
const yaml = 'application/yaml';
const protobuf = 'application/vnd.kubernetes.protobuf';

/** Reads a body. One of a media type that no custom resource takes is left unread. Throws StatusError 413 or 415. */
export async function readSent({ exchange }: ClaimRequest): Promise<SentBody> {
  const type = exchange.header('content-type') || json;
  // An API server breaks the connection when protobuf is sent to a custom resource.
  if (mediaType(type) === protobuf) throw unsupportedMediaType([json, yaml]);
  const bytes = isKnown(type) ? await exchange.readBody() : Buffer.alloc(0);
  if (mediaType(type) !== yaml) return { type, bytes };
  return { type, bytes, asJson: await asJson(bytes).catch(refusalOnly) };
}

function isKnown(type: string): boolean {
  return [json, yaml].includes(mediaType(type));
}

/**
 * The object of a body in JSON or YAML, which JSON text of the same lines stands for then. A StatusError where it holds
 * none that could be mapped.
 */
export function objectOf({ bytes, type, asJson: read = bytes }: SentBody): WriteBody | StatusError {
  if (!isKnown(type)) return badRequest(`a body of the type ${type} is none`);
  if (read instanceof StatusError) return read;
  try {
    const body = checkObject(read);
    // The refusal of one without a kind quotes the whole body.
    return body.isTyped ? body : badRequest("Object 'Kind' or 'apiVersion' is missing");
  } catch (error) {
    if (error instanceof StatusError) return error;
    throw error;
  }
}

/** A body that may be YAML, as JSON. JSON is YAML, and stays as it is. */
export async function asJson(bytes: Buffer): Promise<Buffer> {
  return /^\s*\{/.test(bytes.toString('latin1', 0, 64)) && isJson(bytes)
    ? bytes
    : Buffer.from(await readYaml(bytes.toString('utf8')));
}

/** What the control plane may be asked about. What takes too much here would there. */
export function refusalOnly(error: unknown): StatusError {
  if (error instanceof StatusError && error.code === 400) return error;
  throw error;
}

function isJson(bytes: Buffer): boolean {
  try {
    JSON.parse(bytes.toString('utf8'));
    return true;
  } catch {
    return false;
  }
}

/**
 * Checks that the bytes are one JSON object, strictly: the span scanner relies on it, and bytes that two parsers read
 * differently could carry labels past the mapping.
 */
export function checkObject(bytes: Buffer): WriteBody {
  const value = parseJson(bytes);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw badRequest('the object provided is not a JSON object');
  }
  const object = value as {
    apiVersion?: unknown;
    kind?: unknown;
    metadata?: BodyMetadata;
    spec?: { writeConnectionSecretToRef?: { name?: unknown } };
  };
  const metadata = typeof object.metadata === 'object' && object.metadata !== null ? object.metadata : {};
  const secretName = object.spec?.writeConnectionSecretToRef?.name;
  return {
    bytes,
    metadata,
    secretName: typeof secretName === 'string' ? secretName : undefined,
    isTyped: [object.apiVersion, object.kind].every((text) => typeof text === 'string' && text !== ''),
  };
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw badRequest(`couldn't get version/kind; json parse error: ${(cause as Error).message}`);
  }
}

/** apiserver/pkg/registry/rest/meta.go: a body may leave the namespace out, not differ from the URL. */
export function otherNamespace({ metadata }: WriteBody, namespace: string): StatusError | undefined {
  const { namespace: own } = metadata;
  if (typeof own !== 'string' || own === '' || own === namespace) return undefined;
  return badRequest('the namespace of the provided object does not match the namespace sent on the request');
}

/** apiserver/pkg/endpoints/handlers/rest.go: a body may leave the name out, not differ from the URL. */
export function otherName({ metadata }: WriteBody, name: string): StatusError | undefined {
  if (typeof metadata.name !== 'string' || metadata.name === '' || metadata.name === name) return undefined;
  return badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`);
}

/** As otherName, for a PUT: there the name is needed. */
export function undeterminableName({ metadata }: WriteBody, name: string): StatusError | undefined {
  if (typeof metadata.name === 'string' && metadata.name !== '') return undefined;
  return badRequest(
    `the name of the object (${name} based on URL) was undeterminable: name must be provided`,
  );
}

/** The body as the control plane gets it. */
export function toControlPlane(
  { resource, link, app, info }: NamedClaimRequest,
  bytes: Buffer,
  how: {
    body: 'object' | 'merge-patch' | 'patched';
    live?: Live | undefined;
    replaces?: boolean;
    applies?: boolean;
  },
): Buffer {
  const edits = new Edits();
  editToControlPlane(
    bytes,
    {
      connection: link.connection,
      prefix: resource.prefix,
      app,
      body: how.body,
      ...(how.live ? { live: how.live } : {}),
      ...(how.replaces ? { replaces: true } : {}),
      ...(how.applies ? { applies: true, manager: info.query.get('fieldManager') ?? '' } : {}),
      ...(info.subresource === 'status' ? { isStatus: true } : {}),
    },
    edits,
  );
  const mapped = edits.apply(bytes);
  // What the mapping adds must not make a body too large that was not.
  return mapped.length > maxBodyBytes ? compactJson(mapped) : mapped;
}
