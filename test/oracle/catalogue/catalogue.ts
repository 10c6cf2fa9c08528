import type { Scenario } from '../scenario.ts';
import { body } from './body.ts';
import { composite } from './composite.ts';
import { create } from './create.ts';
import { everyday } from './everyday.ts';
import { jsonPatch } from './json-patch.ts';
import { jsonPatchRequests } from './json-patch-requests.ts';
import { mergePatch } from './merge-patch.ts';
import { mergePatchRequests } from './merge-patch-requests.ts';
import { apply } from './apply.ts';
import { applyParts } from './apply-parts.ts';
import { managedFields } from './managed-fields.ts';
import { owners } from './owners.ts';
import { deleteBody } from './delete-body.ts';
import { deletion } from './delete.ts';
import { deletecollection } from './deletecollection.ts';
import { list } from './list.ts';
import { negotiation } from './negotiation.ts';
import { read } from './read.ts';
import { table } from './table.ts';
import { resourceRef } from './resource-ref.ts';
import { scale } from './scale.ts';
import { status } from './status.ts';
import { discovery } from './discovery.ts';
import { openapi } from './openapi.ts';
import { update } from './update.ts';
import { validation } from './validation.ts';
import { versions } from './versions.ts';
import { watchSelect } from './watch-select.ts';
import { watchStart } from './watch-start.ts';
import { watch } from './watch.ts';

/** Every scenario, in the order of docs/fidelity.md. */
export const catalogue: readonly Scenario[] = [
  create,
  update,
  body,
  validation,
  resourceRef,
  jsonPatch,
  jsonPatchRequests,
  mergePatch,
  mergePatchRequests,
  apply,
  applyParts,
  managedFields,
  owners,
  read,
  list,
  negotiation,
  table,
  watch,
  watchStart,
  watchSelect,
  deletion,
  deleteBody,
  deletecollection,
  status,
  scale,
  versions,
  composite,
  everyday,
  discovery,
  openapi,
].flatMap(({ scenarios }) => scenarios);
