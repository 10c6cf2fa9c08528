import { type ClusterEvent, lastSeenOf } from '../../apimachinery/cluster-event.ts';
import { ToolError } from './tool-error.ts';
import type { ToolCall } from './tool.ts';

const listed = 200;

/**
 * Of an object, newest first, equal ones counted once. Those of cluster-scoped objects lie in the namespace `default`. Undefined
 * where they may not be read: that is not the same as none.
 */
export async function eventsOf(
  { api }: ToolCall,
  { uid = '', namespace = 'default' }: { uid?: string | undefined; namespace?: string | undefined },
  most: number,
): Promise<string[] | undefined> {
  try {
    const { items } = await api.list<ClusterEvent>(
      { group: '', version: 'v1', plural: 'events', kind: 'Event', namespaced: true },
      { namespace, limit: listed, fieldSelector: `involvedObject.uid=${uid}` },
    );
    const newest = items.toSorted((a, b) => lastSeenOf(b) - lastSeenOf(a));
    const lines = newest.map(
      (event) => `${timeOf(event)} ${event.type ?? ''} ${event.reason ?? ''}: ${event.message ?? ''}`,
    );
    const texts = new Set<string>();
    return lines
      .filter((line) => {
        const text = line.slice(line.indexOf(' '));
        if (texts.has(text)) return false;
        texts.add(text);
        return true;
      })
      .slice(0, most);
  } catch (error) {
    if (error instanceof ToolError && error.code === 'forbidden') return undefined;
    throw error;
  }
}

function timeOf(event: ClusterEvent): string {
  return new Date(lastSeenOf(event)).toISOString();
}
