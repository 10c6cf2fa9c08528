import { badRequest } from './status.ts';

/**
 * JSON as values whose numbers keep their literals: each is a `JSON.rawJSON` of its own text, so that
 * 9007199254740993, 1.0 and -0 are printed as they were read. Of duplicate keys the last one counts, as in Go.
 */
export type LosslessJson = null | boolean | string | RawNumber | LosslessJson[] | LosslessObject;
export interface LosslessObject {
  [key: string]: LosslessJson;
}
export interface RawNumber {
  readonly rawJSON: string;
}

// TypeScript's library does not declare the "JSON.parse source text access" proposal yet; V8 has it since Node 22.
const sourceJSON = JSON as unknown as {
  rawJSON(text: string): RawNumber;
  isRawJSON(value: unknown): value is RawNumber;
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { source?: string }) => unknown,
  ): unknown;
};

/** Throws SyntaxError like JSON.parse, and StatusError 400 for what is nested too deep for the stack (some thousands). */
export function parseLossless(text: string): LosslessJson {
  try {
    return sourceJSON.parse(text, (_key, value, context) =>
      // V8 has been seen to leave the source out, once in thousands of texts.
      typeof value === 'number' ? sourceJSON.rawJSON(context.source ?? JSON.stringify(value)) : value,
    ) as LosslessJson;
  } catch (cause) {
    if (cause instanceof RangeError) throw badRequest('the JSON is nested too deep');
    throw cause;
  }
}

export function printLossless(value: LosslessJson): string {
  return JSON.stringify(value);
}

export function isLosslessObject(value: LosslessJson | undefined): value is LosslessObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !sourceJSON.isRawJSON(value);
}

/** Sets an own property whatever its name is: `__proto__` from a body must stay data. */
export function setMember(object: LosslessObject, key: string, value: LosslessJson): void {
  Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
}

export function getMember(object: LosslessObject, key: string): LosslessJson | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}
