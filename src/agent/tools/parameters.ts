import { z } from 'zod';

/*
 * Shapes that many tools share. Each word here is in every conversation, several times: a parameter is described only where
 * its name does not say it. Checks that JSON Schema would spell out at length are made here without it.
 */

const subdomain = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;
const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

export const name = z
  .string()
  .refine(
    (text) => text.length <= 253 && subdomain.test(text),
    'is not a name of Kubernetes: a-z, 0-9, "-" and "."',
  );
export const namespace = z
  .string()
  .refine(
    (text) => text.length <= 63 && label.test(text),
    'is not a namespace of Kubernetes: a-z, 0-9 and "-"',
  );
export const cursor = z.string().optional();
/** Rows of a page; 50 when left out. */
export const limit = z.number().int().min(1).max(500).optional();
export const labelSelector = z.string().optional();
/** Of a manifest, by path. */
export const fields = z.array(z.string()).max(30).optional().describe('paths, e.g. spec.names.kind');
export const detail = z.enum(['summary', 'full']).optional();
export const dryRun = z.boolean().optional();
/** How long a tool looks at what comes of its write. */
export const waitSeconds = z.int().min(0).max(50).optional();
export const defaultWaitSeconds = 15;

/** An object of any shape: "propertyNames" and the like of a record are left out. */
export const manifest = anyObject();
export const patch = anyObject('JSON merge patch');
export const resourceVersion = z.string().optional().describe('required with manifest');

/** What every list takes; spread into its own. */
export const page = { limit, cursor, label_selector: labelSelector, fields };

/** What every update takes beside the name: a patch, or all of the object. */
export const change = {
  patch: patch.optional(),
  manifest: manifest.optional(),
  resource_version: resourceVersion,
  dry_run: dryRun,
};

export type Manifest = Record<string, unknown>;

export function anyObject(description?: string): z.ZodType<Manifest> {
  return z
    .any()
    .refine(isObject, 'is not an object')
    .meta({ type: 'object', ...(description === undefined ? {} : { description }) });
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
