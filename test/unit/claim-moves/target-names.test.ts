import { describe, expect, it } from '@jest/globals';
import {
  nameByPattern,
  nameFault,
  type NamedClaim,
  namesWithoutCollisions,
  unknownPlaceholders,
} from '../../../src/claim-moves/target-names.ts';

function claim(id: string, namespace: string, name: string, resource = 'databases.example.org'): NamedClaim {
  return { resource, namespace: 'app-cluster-1', name: id, app: { namespace, name } };
}

describe('a pattern', () => {
  it('is filled with what users call the claim, and what the control plane does', () => {
    const orders = claim('claim-0123456789abcdef', 'shop', 'orders');
    expect(nameByPattern('{namespace}-{name}', orders)).toBe('shop-orders');
    expect(nameByPattern('old-{id}', orders)).toBe('old-claim-0123456789abcdef');
  });

  it('may have no other placeholders', () => {
    expect(unknownPlaceholders('{namespace}-{cluster}-{}')).toEqual(['cluster', '']);
    expect(unknownPlaceholders('{namespace}-{name}-{id}')).toEqual([]);
  });
});

describe('names of many claims', () => {
  it('are the users’ own where nobody else has them, and stay where two would be equal [moves.names.collision]', () => {
    const claims = [
      claim('claim-1', 'shop', 'orders'),
      claim('claim-2', 'shop', 'users'),
      claim('claim-3', 'test', 'orders'),
    ];
    expect(namesWithoutCollisions(claims, '{name}', new Set())).toEqual(['claim-1', 'users', 'claim-3']);
    expect(namesWithoutCollisions(claims.toReversed(), '{name}', new Set())).toEqual([
      'claim-3',
      'users',
      'claim-1',
    ]);
    expect(namesWithoutCollisions(claims, '{namespace}-{name}', new Set())).toEqual([
      'shop-orders',
      'shop-users',
      'test-orders',
    ]);
  });

  it('are of one kind each', () => {
    const claims = [
      claim('claim-1', 'shop', 'orders'),
      claim('claim-2', 'shop', 'orders', 'queues.example.org'),
    ];
    expect(namesWithoutCollisions(claims, '{name}', new Set())).toEqual(['orders', 'orders']);
  });

  it('stay where the target has such a claim, and where a pattern makes no name', () => {
    const taken = new Set(['databases.example.org/orders']);
    expect(namesWithoutCollisions([claim('claim-1', 'shop', 'orders')], '{name}', taken)).toEqual([
      'claim-1',
    ]);
    expect(namesWithoutCollisions([claim('claim-1', 'shop', 'orders')], '{name}_', new Set())).toEqual([
      'claim-1',
    ]);
  });

  it('are no longer than a label value', () => {
    expect(nameFault('a'.repeat(63))).toBeUndefined();
    expect(nameFault('a'.repeat(64))).toContain('64 characters');
    expect(nameFault('Orders')).toContain('lower-case');
  });
});
