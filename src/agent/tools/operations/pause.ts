import type { KubeObject } from '../../../apimachinery/objects.ts';
import type { ToolAnswer } from '../../answers/tool-answer.ts';
import { anyKind, placeOf } from '../any-kind.ts';
import { readObject } from '../read-object.ts';
import { ToolError } from '../tool-error.ts';
import type { ToolCall } from '../tool.ts';
import { pausedAnnotation } from './operation-objects.ts';

export interface PauseInput {
  api_version: string;
  kind: string;
  name: string;
  namespace?: string | undefined;
  paused: boolean;
  dry_run?: boolean | undefined;
}

/** Groups whose objects no controller of Crossplane looks at: the annotation would be a promise that nobody keeps. */
const foreign = /^$|(^|\.)k8s\.io$|^(apps|batch|autoscaling|policy|extensions)$/;

/** Removed and never set to false: a claim's annotations are copied to its composite resource. */
export async function pauseResource(call: ToolCall, input: PauseInput): Promise<ToolAnswer> {
  const resource = await anyKind(call, input.api_version, input.kind);
  if (foreign.test(resource.group))
    throw new ToolError('invalid', `${input.kind} is no object of Crossplane: nothing would pause`, {
      details: { field: 'kind' },
    });
  const place = placeOf(resource, input.name, input.namespace);
  const found = await readObject<KubeObject>(call, resource, place);
  const isPaused = found.metadata.annotations?.[pausedAnnotation] === 'true';
  const what = `${input.kind} ${input.namespace ? `${input.namespace}/` : ''}${input.name}`;
  if (isPaused === input.paused)
    return { summary: `${what} is ${isPaused ? '' : 'not '}paused already; nothing was changed` };
  const { uid = '', resourceVersion = '' } = found.metadata;
  const patch = {
    metadata: { resourceVersion, annotations: { [pausedAnnotation]: input.paused ? 'true' : null } },
  };
  if (input.dry_run) await call.api.patch(resource, place, patch, { dryRun: true });
  else {
    await call.confirm({
      summary: input.paused ? `pauses ${what}` : `resumes ${what}`,
      effects: input.paused
        ? ['Crossplane neither changes nor deletes it, or what it stands for, until it is resumed']
        : [
            'Crossplane makes up at once for what has changed meanwhile',
            ...(found.metadata.deletionTimestamp ? ['its deletion, asked for before, is carried out'] : []),
          ],
      objects: [{ uid, resourceVersion }],
    });
    await call.api.patch(resource, place, patch);
  }
  const done = input.paused ? 'paused' : 'resumed';
  return {
    summary: input.dry_run ? `${what} would be ${done}` : `${done} ${what}`,
    // Their controllers do not watch annotations.
    warnings:
      resource.group === 'ops.crossplane.io'
        ? [
            'Crossplane sees it at its next look: when a run is due, when the spec changes, or within the hour',
          ]
        : [],
  };
}
