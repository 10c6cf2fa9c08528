import { unsupportedMediaType } from '../../apimachinery/status.ts';
import type { ClaimRequest } from '../claim-request.ts';

export const jsonPatch = 'application/json-patch+json';
export const mergePatch = 'application/merge-patch+json';
export const applyPatch = 'application/apply-patch+yaml';

/** The patches a custom resource takes. The collector falls back from strategic merge on exactly this 415 (garbagecollector/patch.go). */
const patchTypes = [jsonPatch, mergePatch, applyPatch];

/** Content-Type of a PATCH as patch.go reads it: letter case and white space count. Throws StatusError 415. */
export function patchTypeOf({ exchange }: ClaimRequest): string {
  const [type = ''] = (exchange.header('content-type') ?? '').split(';', 1);
  if (!patchTypes.includes(type)) throw unsupportedMediaType(patchTypes);
  return type;
}
