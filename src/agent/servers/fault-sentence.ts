import type { z } from 'zod';

/** What is wrong with a value that a person or a model wrote: "servers[0].timeoutSeconds has to be number, received string". */
export function faultSentence(issue: z.core.$ZodIssue, addition = ''): string {
  const where = issue.path.reduce<string>(
    (before, key) =>
      typeof key === 'number' ? `${before}[${key}]` : `${before}${before && '.'}${String(key)}`,
    '',
  );
  const what =
    issue.code === 'unrecognized_keys'
      ? `has no field ${issue.keys.join(', ')}`
      : issue.message
          .replace(/^Invalid input: expected /, 'has to be ')
          .replace(/^Invalid (?=option|key)/, 'has an invalid ')
          .replace(/^Too (small|big): expected \w+ to /, 'has to ');
  return `${where || 'it'}${addition} ${what}`;
}
