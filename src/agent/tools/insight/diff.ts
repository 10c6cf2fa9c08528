import type { KubeObject } from '../../../apimachinery/objects.ts';
import type { ToolAnswer } from '../../answers/tool-answer.ts';
import type { Resource } from '../../cluster/cluster-api.ts';
import { anyKind, placeOf } from '../any-kind.ts';
import { readIfThere } from '../read-object.ts';
import { ToolError } from '../tool-error.ts';
import type { ToolCall } from '../tool.ts';
import { changeLines, fieldChanges } from '../field-changes.ts';
import { merged } from '../write-object.ts';

const shown = 60;

export interface DiffInput {
  manifest: { apiVersion: string; kind: string; metadata: { name: string; namespace?: string | undefined } };
}

/** What applying a manifest would change, defaults, validation and admission included where the server may ask for a dry run. */
export async function diffManifest(call: ToolCall, { manifest }: DiffInput): Promise<ToolAnswer> {
  const { apiVersion, kind, metadata } = manifest;
  const resource = await anyKind(call, apiVersion, kind);
  if (resource.group === '' && resource.plural === 'secrets')
    throw new ToolError('invalid', 'Secrets are not compared: their content is never shown');
  const place = placeOf(resource, metadata.name, metadata.namespace);
  const live = await readIfThere<KubeObject>(call, resource, place);
  const tried = await dryRun(call, resource, place, live, manifest);
  const after = tried ?? merged(live ?? {}, manifest);
  const changes = fieldChanges(live ?? {}, after);
  const what = `${kind} ${metadata.name}`;
  return {
    summary: live
      ? `${changes.length === 0 ? 'nothing' : `${changes.length} field${changes.length === 1 ? '' : 's'}`} of ${what} would change`
      : `${what} would be created`,
    object: {
      diff: changeLines(changes, shown),
      compared: tried
        ? 'by a dry run of the API server'
        : 'here: defaults, validation and admission are not known',
    },
    warnings: tried
      ? []
      : [
          'no dry run may be sent here, since it is a request to write: the manifest was only laid over the object',
        ],
  };
}

/** Undefined where the server may not write, not even dry. */
async function dryRun(
  { api, policy }: ToolCall,
  resource: Resource,
  place: { name: string; namespace?: string },
  live: KubeObject | undefined,
  manifest: DiffInput['manifest'],
): Promise<KubeObject | undefined> {
  if (policy.readOnly) return undefined;
  try {
    if (!live)
      return await api.create<KubeObject>(resource, { namespace: place.namespace }, manifest, {
        dryRun: true,
      });
    return await api.patch<KubeObject>(resource, place, manifest, { dryRun: true });
  } catch (error) {
    if (error instanceof ToolError && error.code === 'read_only') return undefined;
    throw error;
  }
}
