import { serviceUnavailable } from '../apimachinery/status.ts';
import type { Catalog } from '../catalog/catalog.ts';

const retryAfterSeconds = 1;

/**
 * The catalog, once there is one. Throws StatusError 503 before: an empty answer would be published as "no such APIs",
 * and namespaces would be finalized with claims in them.
 */
export function knownCatalog(catalog: Catalog | undefined): Catalog {
  if (catalog) return catalog;
  throw serviceUnavailable(
    'the claim APIs of the control plane are not known yet',
    retryAfterSeconds,
  ).causedBy('catalog_unknown');
}
