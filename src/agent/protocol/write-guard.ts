import { ToolError } from '../tools/tool-error.ts';
import type { ToolDefinition } from '../tools/tool.ts';

/**
 * Holds a tool to what it says of itself, between the tool and the control plane: one that only adds may do nothing but POST,
 * and one that changes or deletes may do nothing before its change was confirmed. A tool that forgets to ask, or goes on after
 * a refusal, sends nothing.
 */
export interface WriteGuard {
  check: (method: string, path: string) => void;
  asks(): void;
  confirmed(): void;
  /** Throws what refused the confirmation where the tool kept that to itself. */
  assertAnswered(): void;
}

export function writeGuard({ name, effect }: Pick<ToolDefinition, 'name' | 'effect'>): WriteGuard {
  let state: 'unasked' | 'asked' | 'confirmed' = 'unasked';
  const refused = (): ToolError =>
    new ToolError('confirmation_required', `${name} was not confirmed, and sent nothing`);
  return {
    check: (method, path) => {
      if (effect === 'create' && method === 'POST') return;
      if (effect === 'destructive' && state === 'confirmed') return;
      if (state === 'asked') throw refused();
      // A fault of the tool, which the call's answer calls internal.
      throw new Error(`${name}, which is "${effect}", would have sent ${method} ${path} unconfirmed`);
    },
    asks: () => {
      state = 'asked';
    },
    confirmed: () => {
      state = 'confirmed';
    },
    assertAnswered: () => {
      if (state === 'asked') throw refused();
    },
  };
}
