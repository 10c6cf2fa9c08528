import { shortText } from '../../answers/short-text.ts';
import { conditionOf, conditionText, failingConditions } from '../conditions.ts';
import { pausedAnnotation } from '../operations/operation-objects.ts';
import type { TreeNode } from './resource-tree.ts';

/** One line of a tree. */
export function nodeRow(node: TreeNode): Record<string, unknown> {
  const { namespace, kind, name } = node.ref;
  const { object } = node;
  return {
    resource: `${'> '.repeat(node.depth)}${kind} ${namespace ? `${namespace}/` : ''}${name}`,
    synced: conditionOf(object, 'Synced')?.status ?? '-',
    ready: conditionOf(object, 'Ready')?.status ?? '-',
    note: notesOf(node).join('; '),
  };
}

function notesOf({ object, problem }: TreeNode): string[] {
  if (!object) return [problem ?? ''];
  const { annotations, deletionTimestamp } = object.metadata;
  const bad = failingConditions(object).find(({ message }) => message);
  return [
    ...(deletionTimestamp ? [`deleting since ${deletionTimestamp}`] : []),
    ...(annotations?.[pausedAnnotation] === 'true' ? ['paused'] : []),
    ...(bad?.message ? [shortText(bad.message, 140)] : []),
  ];
}

/**
 * Everything that is wrong with a node by itself, in full. What only says that something below is not ready is left out where
 * `below` is failing: the cause is there, and not here.
 */
export function troubleOf(node: TreeNode, isBelowFailing: boolean): string[] {
  const { object, problem } = node;
  if (!object) return [problem ?? 'unknown'];
  const { annotations, deletionTimestamp, finalizers } = object.metadata;
  const conditions = failingConditions(object).filter(
    ({ message, reason, type }) => !(isBelowFailing && type === 'Ready' && isWaiting(reason, message)),
  );
  return [
    ...(annotations?.[pausedAnnotation] === 'true'
      ? ['paused: Crossplane leaves it alone until it is resumed']
      : []),
    ...(deletionTimestamp
      ? [`is being deleted since ${deletionTimestamp}, held by ${finalizers?.join(', ') || 'nothing'}`]
      : []),
    ...conditions.map((condition) => `${condition.type} ${conditionText(condition)}`),
  ];
}

/** Reasons of crossplane-runtime that stand for "something else is not there yet". */
function isWaiting(reason: string | undefined, message: string | undefined): boolean {
  return (
    reason === 'Waiting' ||
    reason === 'Creating' ||
    /^(Unready resources|Composite resource claim is waiting|Claim is waiting)/i.test(message ?? '')
  );
}
