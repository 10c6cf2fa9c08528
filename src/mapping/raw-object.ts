import type { Edits } from '../apimachinery/json-edit.ts';
import { type Bytes, isString } from '../apimachinery/json-scan.ts';
import { field, scanClaim } from './claim-spans.ts';

/**
 * Edits an object of the app cluster so that the control plane judges it as the user wrote it, name, labels and owners
 * included: only the namespace becomes the one the request goes to. Never to be stored there.
 */
export function editNamespace(bytes: Bytes, claimNamespace: string, edits: Edits): void {
  for (const { members } of scanClaim(bytes, bytes.indexOf('{'), bytes.length).metadata) {
    for (const { id, valueStart, end } of members) {
      const isGiven = id === field.namespace && isString(bytes, valueStart) && end - valueStart > 2;
      if (isGiven) edits.replace(valueStart, end, JSON.stringify(claimNamespace));
    }
  }
}
