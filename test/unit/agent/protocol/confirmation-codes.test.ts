import { describe, expect, it } from '@jest/globals';
import {
  ConfirmationCodes,
  confirmationLifetimeSeconds,
  type Confirmed,
} from '../../../../src/agent/protocol/confirmation-codes.ts';

let now = 1_000_000_000_000;
const clock = { now: () => now, sleep: async () => undefined };
const key = Buffer.alloc(32, 7);

const confirmed: Confirmed = {
  channel: 'argument',
  server: 'platform',
  caller: 'alice',
  tool: 'delete_xrd',
  args: { name: 'x', options: { a: 1, b: [1, 2] } },
  change: {
    summary: 'deletes the XRD x',
    effects: ['the XR y'],
    objects: [
      { uid: 'u1', resourceVersion: '1' },
      { uid: 'u2', resourceVersion: '2' },
    ],
  },
};
const { change } = confirmed;

describe('a confirmation code', () => {
  it('is good for what it was issued for, in whatever order a client prints it [agent.confirm.bound]', () => {
    const codes = new ConfirmationCodes(key, clock);
    const code = codes.issue(confirmed);
    const same = {
      ...confirmed,
      args: { options: { b: [1, 2], a: 1 }, name: 'x' },
      change: { ...change, objects: change.objects.toReversed() },
    };
    expect(codes.redeem(code, same)).toBe('valid');
  });

  const others: [string, Partial<Confirmed>][] = [
    ['channel', { channel: 'person' }],
    ['server', { server: 'staging' }],
    ['caller', { caller: 'bob' }],
    ['tool', { tool: 'delete_composition' }],
    ['argument', { args: { ...confirmed.args, name: 'y' } }],
    ['order of a list', { args: { name: 'x', options: { a: 1, b: [2, 1] } } }],
    ['extent', { change: { ...change, effects: ['the XR y', 'the XR z'] } }],
    ['sentence', { change: { ...change, summary: 'deletes the XRD x and 3 XRs' } }],
    ['version of an object', { change: { ...change, objects: [{ uid: 'u1', resourceVersion: '3' }] } }],
    ['object', { change: { ...change, objects: [{ uid: 'u3', resourceVersion: '1' }] } }],
  ];
  it.each(others)('is void for another %s [agent.confirm.bound]', (_what, other) => {
    const codes = new ConfirmationCodes(key, clock);
    const code = codes.issue(confirmed);
    expect(codes.redeem(code, { ...confirmed, ...other })).toBe('void');
    expect(codes.redeem(code, confirmed)).toBe('valid');
  });

  it('is good once [agent.confirm.once]', () => {
    const codes = new ConfirmationCodes(key, clock);
    const code = codes.issue(confirmed);
    expect(codes.redeem(code, confirmed)).toBe('valid');
    expect(codes.redeem(code, confirmed)).toBe('used');
    expect(codes.redeem(codes.issue(confirmed), confirmed)).toBe('valid');
  });

  it('is void when its time is over [agent.confirm.expiry]', () => {
    const codes = new ConfirmationCodes(key, clock);
    const [first, second] = [codes.issue(confirmed), codes.issue(confirmed)];
    now += confirmationLifetimeSeconds * 1_000 - 1;
    expect(codes.redeem(first, confirmed)).toBe('valid');
    now += 1;
    expect(codes.redeem(second, confirmed)).toBe('void');
    // What was used is forgotten only when it is void anyway.
    expect(codes.redeem(first, confirmed)).toBe('void');
  });

  it('is taken by a replica with the same key, and by no other [agent.confirm.replicas]', () => {
    const code = new ConfirmationCodes(key, clock).issue(confirmed);
    expect(new ConfirmationCodes(key, clock).redeem(code, confirmed)).toBe('valid');
    expect(new ConfirmationCodes(Buffer.alloc(32, 8), clock).redeem(code, confirmed)).toBe('void');
  });

  it('cannot be made up or changed, and its time cannot be moved [agent.confirm.bound]', () => {
    const codes = new ConfirmationCodes(key, clock);
    const code = codes.issue(confirmed);
    for (const wrong of ['', 'yes', 'true', code.slice(1), `${code}AAAA`])
      expect([wrong, codes.redeem(wrong, confirmed)]).toEqual([wrong, 'void']);
    const bytes = Buffer.from(code, 'base64url');
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] as number) ^ 1;
      expect(codes.redeem(changed.toString('base64url'), confirmed)).toBe('void');
    }
    expect(codes.redeem(code, confirmed)).toBe('valid');
  });
});
