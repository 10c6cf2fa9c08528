import { Edits } from '../apimachinery/json-edit.ts';
import { forbidden } from '../apimachinery/status.ts';
import { keepReferences, namesAnotherResource } from '../mapping/spec-references.ts';
import { type ClaimRequest, groupResource, type LiveObject } from './claim-request.ts';

/**
 * What a write may do to the references that Crossplane keeps in a claim. `bytes` is an object, an apply configuration or
 * a merge patch of the app cluster. Throws StatusError 403 where it names an XR that the claim does not have, since all
 * app clusters share the control plane's, unless the option allows it. `found` is undefined on create.
 */
export function requireOwnResource(
  request: ClaimRequest,
  name: string,
  bytes: Buffer,
  found: LiveObject | undefined,
): void {
  if (!hasReferences(request) || request.allowResourceRef) return;
  if (!namesAnotherResource(bytes, found?.bytes)) return;
  throw forbidden(
    groupResource(request),
    name,
    'spec.resourceRef may not be set from this cluster: Crossplane sets it, and another name could take over the composite resource of somebody else',
  );
}

/** As requireOwnResource, and puts back what a whole object that replaces another leaves out. */
export function keepOwnResource(
  request: ClaimRequest,
  name: string,
  bytes: Buffer,
  found: LiveObject,
): Buffer {
  requireOwnResource(request, name, bytes, found);
  if (!hasReferences(request)) return bytes;
  const edits = new Edits();
  keepReferences(bytes, found.bytes, edits);
  return edits.apply(bytes);
}

/** A namespaced XR of Crossplane 2 has its references in `spec.crossplane`; fields of these names are its author's. */
function hasReferences({ info, resource }: ClaimRequest): boolean {
  return info.subresource === undefined && resource.prefix === 'claim';
}
