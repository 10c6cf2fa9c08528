import type { Tool } from '@modelcontextprotocol/server';

/** The one form of all answers (answers/render.ts). Short: with forty tools it stands forty times in the list. */
export const answerSchema: NonNullable<Tool['outputSchema']> = {
  type: 'object',
  properties: {
    summary: { type: 'string' },
    object: { type: 'object' },
    items: { type: 'array' },
    next_cursor: { type: 'string' },
    warnings: { type: 'array' },
  },
  required: ['summary'],
};
