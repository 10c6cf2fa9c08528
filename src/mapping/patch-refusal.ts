import { Edits } from '../apimachinery/json-edit.ts';
import type { Status } from '../apimachinery/status.ts';
import { editToApp } from './claim-view.ts';

/*
 * Where the object that a patch leads to cannot be decoded, the API server shows it whole in the refusal
 * (apiserver/pkg/endpoints/handlers/patch.go, applyPatchToCurrentObject): ` "" is invalid: patch: Invalid value: "{...}": `
 * and the reason. On the control plane that is its own object, names and labels of the connector's included.
 */

const lead = 'Invalid value: "';
const strictLead = 'strict decoding error: ';

/** True for a refusal that shows the patched object. */
export function showsObject({ reason, details }: Status): boolean {
  const [cause] = details?.causes ?? [];
  return reason === 'Invalid' && cause?.field === 'patch' && cause.message?.startsWith(lead) === true;
}

/**
 * The refusal with the app cluster's object in it: `view`, or what the shown one is mapped to. `problems` of the patch itself
 * come before those of the object (strict validation).
 */
export function refusalToApp(status: Status, view: string | undefined, problems: readonly string[]): Status {
  const [cause, ...others] = status.details?.causes ?? [];
  if (!cause?.message) return status;
  const { object, rest } = split(cause.message);
  const shown = view ?? toApp(object);
  // Some reasons show the object once more.
  const reason = rest.replaceAll(object, () => shown);
  const why = problems.length > 0 ? withProblems(reason, problems) : reason;
  const message = `${lead}${quote(shown)}${why}`;
  return {
    ...status,
    message: ` "" is invalid: patch: ${message}`,
    details: { ...status.details, causes: [{ ...cause, message }, ...others] },
  };
}

/** What the API server says where the patch alone has problems. */
export function strictRefusal(view: string, problems: readonly string[]): Status {
  const message = `${lead}${quote(view)}": ${strictLead}${problems.join(', ')}`;
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: ` "" is invalid: patch: ${message}`,
    reason: 'Invalid',
    details: { causes: [{ reason: 'FieldValueInvalid', message, field: 'patch' }] },
    code: 422,
  };
}

/**
 * `": strict decoding error: unknown field "spec.x"`, with the problems of the patch in front, in place of those of the
 * patch that was sent for it.
 */
function withProblems(rest: string, problems: readonly string[]): string {
  const start = `": ${strictLead}`;
  if (!rest.startsWith(start)) return rest;
  const others = rest.slice(start.length).replaceAll(/json patch \w+ field "(?:[^"\\]|\\.)*"(?:, )?/g, '');
  return `${start}${[...problems, ...(others === '' ? [] : [others])].join(', ')}`;
}

/** The quoted object of a cause, and what follows it from the closing quote on. */
function split(message: string): { object: string; rest: string } {
  let at = lead.length;
  while (at < message.length && message[at] !== '"') at += message[at] === '\\' ? 2 : 1;
  return { object: unquote(message.slice(lead.length, at)), rest: message.slice(at) };
}

/** The inside of a Go string literal (strconv.Quote). */
function unquote(text: string): string {
  return text.replaceAll(
    /\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|(.))/g,
    (_all, byte?: string, unit?: string, point?: string, character?: string) => {
      const code = byte ?? unit ?? point;
      if (code !== undefined) return String.fromCodePoint(Number.parseInt(code, 16));
      return escapes.get(character ?? '') ?? character ?? '';
    },
  );
}

const escapes = new Map([
  ['n', '\n'],
  ['t', '\t'],
  ['r', '\r'],
  ['a', '\x07'],
  ['b', '\b'],
  ['f', '\f'],
  ['v', '\v'],
]);

/** The inverse, for JSON text, which holds no control characters. Without the quotes, but for the closing one of `rest`. */
function quote(text: string): string {
  return text.replaceAll(/["\\]/g, String.raw`\$&`).replaceAll('\x7f', String.raw`\x7f`);
}

function toApp(object: string): string {
  if (!object.startsWith('{')) return object;
  const bytes = Buffer.from(object);
  const edits = new Edits();
  editToApp(bytes, 0, bytes.length, edits);
  return edits.apply(bytes).toString('utf8');
}
