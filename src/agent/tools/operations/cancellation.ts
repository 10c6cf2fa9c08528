import type { ToolAnswer } from '../../answers/tool-answer.ts';
import { readObject } from '../read-object.ts';
import { ToolError } from '../tool-error.ts';
import type { ToolCall } from '../tool.ts';
import { failuresText, type OperationKind, type OperationObject, stateOf } from './operation-objects.ts';

/** Crossplane knows no other way to stop one: a run that is under way ends, and no other follows. */
export async function cancelOperation(
  call: ToolCall,
  kind: OperationKind,
  name: string,
): Promise<ToolAnswer> {
  const resource = await call.kinds.find(kind);
  const found = await readObject<OperationObject>(call, resource, { name });
  const state = stateOf(kind, found);
  if (kind === 'Operation' && (state === 'Succeeded' || state === 'Failed'))
    throw new ToolError('invalid', `Operation ${name} is over (${state}): there is nothing to cancel`, {
      hint: 'it is kept as a record of what was done',
      details: { state },
    });
  const applied = found.status?.appliedResourceRefs?.length ?? 0;
  const { uid = '', resourceVersion = '' } = found.metadata;
  await call.confirm({
    summary: `deletes ${kind} ${name} (${state}), so that it is not run again`,
    effects: [
      ...(kind === 'Operation'
        ? [`${failuresText(found)} failures so far; a run that is under way ends first`]
        : ['its finished operations are deleted with it']),
      ...(applied > 0 ? [`${applied} objects that it applied stay as they are`] : []),
    ],
    objects: [{ uid, resourceVersion }],
  });
  await call.api.delete(resource, { name }, { uid });
  return { summary: `cancelled ${kind} ${name}: it is deleted`, object: { name, state_before: state } };
}
