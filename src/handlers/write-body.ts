import { Edits } from '../apimachinery/json-edit.ts';
import { mediaType } from '../apimachinery/media-types.ts';
import { yamlToJson } from '../apimachinery/yaml-body.ts';
import { badRequest, unsupportedMediaType } from '../apimachinery/status.ts';
import { editToControlPlane } from '../mapping/claim.ts';
import type { Live } from '../mapping/origin.ts';
import type { NamedClaimRequest, ClaimRequest } from './claim-request.ts';

/** The few fields of a body that decide where it goes; everything else in it is only looked at as bytes. */
export interface BodyMetadata {
  name?: unknown;
  namespace?: unknown;
  generateName?: unknown;
}

export interface WriteBody {
  bytes: Buffer;
  metadata: BodyMetadata;
  /** `spec.writeConnectionSecretToRef.name`, for error texts. */
  secretName: string | undefined;
}

/** Reads and checks an object in JSON or YAML. Throws StatusError 400, 413 or 415. */
export async function readObject({ exchange, info }: ClaimRequest): Promise<WriteBody> {
  const type = mediaType(exchange.header('content-type'));
  if (!['', 'application/json', 'application/yaml'].includes(type)) {
    throw unsupportedMediaType(['application/json', 'application/yaml']);
  }
  const bytes = await exchange.readBody();
  return checkObject(type === 'application/yaml' ? asJson(bytes) : bytes, info.namespace);
}

/** A body that may be YAML, as JSON. JSON is YAML, and stays as it is. */
export function asJson(bytes: Buffer): Buffer {
  return /^\s*\{/.test(bytes.toString('latin1', 0, 64)) && isJson(bytes)
    ? bytes
    : Buffer.from(yamlToJson(bytes.toString('utf8')));
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
export function checkObject(bytes: Buffer, namespace: string | undefined): WriteBody {
  const value = parseJson(bytes);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw badRequest('the object provided is not a JSON object');
  }
  const object = value as {
    metadata?: BodyMetadata;
    spec?: { writeConnectionSecretToRef?: { name?: unknown } };
  };
  const metadata = typeof object.metadata === 'object' && object.metadata !== null ? object.metadata : {};
  if (
    typeof metadata.namespace === 'string' &&
    metadata.namespace !== '' &&
    metadata.namespace !== namespace
  ) {
    throw badRequest(`the namespace of the provided object does not match the namespace sent on the request`);
  }
  const secretName = object.spec?.writeConnectionSecretToRef?.name;
  return { bytes, metadata, secretName: typeof secretName === 'string' ? secretName : undefined };
}

export function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw badRequest(`couldn't get version/kind; json parse error: ${(cause as Error).message}`);
  }
}

/** apiserver/pkg/endpoints/handlers/rest.go: a body may leave the name out, not differ from the URL. */
export function requireSameName({ metadata }: WriteBody, name: string): void {
  if (typeof metadata.name === 'string' && metadata.name !== '' && metadata.name !== name) {
    throw badRequest(
      `the name of the object (${metadata.name}) does not match the name on the URL (${name})`,
    );
  }
}

/** The body as the control plane gets it. */
export function toControlPlane(
  { resource, link, app }: NamedClaimRequest,
  bytes: Buffer,
  how: { body: 'object' | 'merge-patch'; live?: Live | undefined; replaces?: boolean; applies?: boolean },
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
      ...(how.applies ? { applies: true } : {}),
    },
    edits,
  );
  return edits.apply(bytes);
}
