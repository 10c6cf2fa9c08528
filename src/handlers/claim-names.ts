import { randomInt } from 'node:crypto';
import { invalid, type StatusCause } from '../apimachinery/status.ts';

/*
 * Names are checked here: the control plane sees hashes only, and would take any name. Texts are those of
 * apimachinery/pkg/util/validation.
 */

const dns1123Subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const subdomainText =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
/** Crossplane limits claim names to label values, and so does the label that holds the name. */
const maxNameLength = 63;

/** Throws StatusError 422 for a name that a claim cannot have. */
export function requireValidName(group: string, kind: string, name: string): void {
  const causes: StatusCause[] = [];
  if (!dns1123Subdomain.test(name)) {
    causes.push({
      reason: 'FieldValueInvalid',
      message: `Invalid value: ${JSON.stringify(name)}: ${subdomainText}`,
      field: 'metadata.name',
    });
  }
  if (name.length > maxNameLength) {
    causes.push({
      reason: 'FieldValueTooLong',
      message: `Too long: may not be more than ${maxNameLength} bytes`,
      field: 'metadata.name',
    });
  }
  if (causes.length > 0) throw invalid(group, kind, name, causes);
}

export function nameRequired(group: string, kind: string): Error {
  return invalid(group, kind, '', [
    {
      reason: 'FieldValueRequired',
      message: 'Required value: name or generateName is required',
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
