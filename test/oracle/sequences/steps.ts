import type { Plural } from '../scenario.ts';
import type { Change } from './changes.ts';

/** Clients of the API: each has its own field manager, and remembers the objects as it saw them. */
export const clients = ['ann', 'bob', 'cyd'] as const;
export type Client = (typeof clients)[number];

export interface Target {
  plural: Plural;
  /** Which of the two namespaces. */
  namespace: 'a' | 'b';
  name: string;
}

/** What a list, a watch or the deletion of a collection is about. */
export interface Selection {
  plural: Plural;
  /** null: all namespaces. */
  namespace: 'a' | 'b' | null;
  labels?: string;
  fields?: string;
}

/** Representation of the answer. */
export type Form = 'object' | 'metadata' | 'table';

/** The object that a PUT is made of: read right before, last seen by this client, or first seen by it. */
export type Basis = 'fresh' | 'last seen' | 'first seen';

export type Precondition = 'uid last seen' | 'version last seen' | 'foreign uid';

/** One step of a sequence: nothing in it depends on a side, so that both sides are told the same. */
export type Step = { client: Client } & (
  | { act: 'create'; target: Target; changes: Change[]; dryRun: boolean }
  | { act: 'get'; target: Target; form: Form }
  | { act: 'update'; target: Target; basis: Basis; versioned: boolean; status: boolean; change: Change }
  | { act: 'patch'; target: Target; type: 'merge' | 'json'; status: boolean; change: Change }
  | { act: 'apply'; target: Target; whole: boolean; changes: Change[]; force: boolean }
  | { act: 'delete'; target: Target; precondition: Precondition | null }
  | { act: 'let go'; target: Target }
  | { act: 'delete collection'; selection: Selection & { namespace: 'a' | 'b' } }
  | { act: 'list'; selection: Selection; form: Form; limit: number | null }
  | { act: 'open watch'; selection: Selection; form: Form; from: 'list' | 'initial events' }
  | { act: 'close watch'; nth: number }
);
