import { describe, expect, it } from '@jest/globals';
import { assertSeen } from '../../../src/demo/transcript.ts';

const answer = { code: 0, stdout: 'NAME   READY\norders True\n', stderr: '' };

describe('assertSeen', () => {
  it('is content when every pattern is in the output', () => {
    expect(() => assertSeen(['get', 'databases'], answer, [/^NAME/, /orders\s+True/])).not.toThrow();
  });

  it('refuses an output that lacks one, and shows it', () => {
    expect(() => assertSeen(['get', 'databases'], answer, [/^NAME/, /orders\s+False/])).toThrow(
      /kubectl get databases does not show \/orders.s.False\/:.*orders True/s,
    );
  });

  it('refuses a failed command even when the output is as expected', () => {
    const failed = { ...answer, code: 1, stderr: 'error: partial' };
    expect(() => assertSeen(['get'], failed, [/orders/])).toThrow(/ended with exit code 1.*error: partial/s);
  });
});
