/**
 * As kubectl has them: 1 for whatever kept a command from being done, wrong flags included. Commands that look for something
 * say 1 where they found it, and 2 where they could not look (as `kubectl diff`).
 */
export const exitCodes = { done: 0, failed: 1, found: 1, couldNotLook: 2 } as const;
