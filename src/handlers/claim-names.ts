import { randomInt } from 'node:crypto';
import { invalid, type StatusError } from '../apimachinery/status.ts';

/*
 * Names are looked at here: the control plane sees hashes only, and would take any name. Where one is none, it is shown
 * as the user wrote it, and the control plane says why it is none (refuse.ts).
 */

const dns1123Subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
/** Crossplane limits claim names to label values, and so does the label that holds the name. */
const maxNameLength = 63;

/** True for a name that a claim can have. */
export function isClaimName(name: string): boolean {
  return name.length <= maxNameLength && dns1123Subdomain.test(name);
}

/** 422: a name that the CRD would take, and the label that holds it cannot. */
export function nameTooLong(group: string, kind: string, name: string): StatusError {
  return invalid(group, kind, name, [
    {
      reason: 'FieldValueTooLong',
      message: `Too long: may not be more than ${maxNameLength} bytes`,
      field: 'metadata.name',
    },
  ]);
}

/** apiserver/pkg/storage/names: no vowels, no digits that look like letters. */
const alphabet = 'bcdfghjklmnpqrstvwxz2456789';

/** What the API server makes of generateName: at most 58 characters of it and 5 at random. */
export function generateName(base: string): string {
  const random = Array.from({ length: 5 }, () => alphabet[randomInt(alphabet.length)]).join('');
  return base.slice(0, maxNameLength - 5) + random;
}
