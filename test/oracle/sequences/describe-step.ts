import { type Change, describeChange } from './changes.ts';
import type { Selection, Step, Target } from './steps.ts';

/** One line a person can follow: `3. bob patches buckets a/x (merge): metadata.labels.tier=gold`. */
export function describeSteps(steps: readonly Step[]): string {
  return steps.map((step, at) => `${at + 1}. ${step.client} ${describe(step)}`).join('\n');
}

function describe(step: Step): string {
  switch (step.act) {
    case 'create':
      return `creates ${object(step.target)}${step.dryRun ? ' as a dry run' : ''}${changed(step.target, step.changes)}`;
    case 'get':
      return `gets ${object(step.target)} as ${step.form}`;
    case 'update': {
      const version = step.versioned ? '' : ', without resourceVersion';
      const part = step.status ? 'the status of ' : '';
      return `puts ${part}${object(step.target)}, ${step.basis}${version}${changed(step.target, [step.change])}`;
    }
    case 'patch': {
      const part = step.status ? 'the status of ' : '';
      return `patches ${part}${object(step.target)} (${step.type})${changed(step.target, [step.change])}`;
    }
    case 'apply':
      return `applies ${object(step.target)}${step.force ? ' by force' : ''}${changed(step.target, step.changes)}`;
    case 'delete':
      return `deletes ${object(step.target)}${step.precondition === null ? '' : `, precondition: ${step.precondition}`}`;
    case 'let go':
      return `removes the finalizers of ${object(step.target)}`;
    case 'delete collection':
      return `deletes all ${selected(step.selection)}`;
    case 'list':
      return `lists ${selected(step.selection)} as ${step.form}${step.limit === null ? '' : `, ${step.limit} at a time`}`;
    case 'open watch':
      return `opens a watch of ${selected(step.selection)} as ${step.form}, from ${step.from}`;
    case 'close watch':
      return `closes watch ${step.nth + 1} of those open`;
    default:
      return step satisfies never;
  }
}

function object({ plural, namespace, name }: Target): string {
  return `${plural} ${namespace}/${name}`;
}

function changed({ plural }: Target, changes: readonly Change[]): string {
  return changes.length === 0 ? '' : `: ${changes.map((one) => describeChange(one, plural)).join(', ')}`;
}

function selected({ plural, namespace, labels, fields }: Selection): string {
  const where = namespace === null ? 'all namespaces' : namespace;
  const by = [labels && `labels ${labels}`, fields && `fields ${fields}`].filter(Boolean).join(', ');
  return `${plural} in ${where}${by === '' ? '' : ` (${by})`}`;
}
