import {
  type Arbitrary,
  array,
  boolean,
  constant,
  constantFrom,
  nat,
  oneof,
  record,
  tuple,
} from 'fast-check';
import type { Plural } from '../scenario.ts';
import { change } from './changes.ts';
import {
  type Basis,
  clients,
  type Form,
  type Precondition,
  type Selection,
  type Step,
  type Target,
} from './steps.ts';

const form = constantFrom<Form[]>('object', 'object', 'metadata', 'table');
const seldom = nat(9).map((digit) => digit === 9);
const sometimes = nat(3).map((digit) => digit === 3);

const labels = constantFrom('tier', '!tier', 'tier=gold', 'tier!=gold', 'tier in (gold,silver),!team');
const fieldsOfAny = ['metadata.name=x', 'metadata.name!=y'];
const fieldsOf: Record<Plural, string[]> = {
  buckets: fieldsOfAny,
  networks: fieldsOfAny,
  databases: [...fieldsOfAny, 'spec.engine=mysql', 'spec.replicas=2'],
};

/** Labels or fields, or neither: the object that shows how far a watch has come has to be made for one of them. */
function selectionOf<N extends Selection['namespace']>(
  plural: Plural,
  where: Arbitrary<N>,
): Arbitrary<Selection & { namespace: N }> {
  const by: Arbitrary<Pick<Selection, 'labels' | 'fields'>> = oneof(
    { weight: 3, arbitrary: constant({}) },
    { weight: 2, arbitrary: record({ labels }) },
    { weight: 1, arbitrary: record({ fields: constantFrom(...fieldsOf[plural]) }) },
  );
  return record({ where, by }).map(({ where: namespace, by: selector }) =>
    Object.assign({ plural, namespace }, selector),
  );
}

/** Few objects, or the clients would seldom meet. */
function targetOf(plurals: readonly Plural[]): Arbitrary<Target> {
  const place = constantFrom<[Target['namespace'], string][]>(['a', 'x'], ['a', 'x'], ['a', 'y'], ['b', 'x']);
  return record({ plural: constantFrom(...plurals), place }).map(({ plural, place: [namespace, name] }) => ({
    plural,
    namespace,
    name,
  }));
}

function writesOf(target: Arbitrary<Target>) {
  const create = record({
    act: constant('create' as const),
    target,
    changes: array(change, { maxLength: 3 }),
    dryRun: seldom,
  });
  const apply = record({
    act: constant('apply' as const),
    target,
    whole: boolean(),
    changes: array(change, { maxLength: 3 }),
    force: boolean(),
  });
  const update = record({
    act: constant('update' as const),
    target,
    basis: constantFrom<Basis[]>('fresh', 'fresh', 'last seen', 'first seen'),
    versioned: sometimes.map((isWithout) => !isWithout),
    status: sometimes,
    change,
  });
  const patch = record({
    act: constant('patch' as const),
    target,
    type: constantFrom('merge' as const, 'json' as const),
    status: sometimes,
    change,
  });
  return { create, apply, update, patch };
}

function stepOf(plurals: readonly Plural[]): Arbitrary<Step> {
  const target = targetOf(plurals);
  const { create, apply, update, patch } = writesOf(target);
  const inOne = constantFrom('a' as const, 'a' as const, 'b' as const);
  const anywhere = oneof(...plurals.map((plural) => selectionOf(plural, oneof(inOne, constant(null)))));
  const collection = oneof(...plurals.map((plural) => selectionOf(plural, inOne)));
  const preconditions = [null, null, null, 'uid last seen', 'version last seen', 'foreign uid'] as const;
  const precondition = constantFrom<(Precondition | null)[]>(...preconditions);
  const act = oneof(
    { weight: 3, arbitrary: create },
    { weight: 6, arbitrary: apply },
    { weight: 6, arbitrary: update },
    { weight: 6, arbitrary: patch },
    { weight: 3, arbitrary: record({ act: constant('delete' as const), target, precondition }) },
    { weight: 2, arbitrary: record({ act: constant('let go' as const), target }) },
    { weight: 1, arbitrary: record({ act: constant('delete collection' as const), selection: collection }) },
    { weight: 1, arbitrary: record({ act: constant('get' as const), target, form }) },
    {
      weight: 2,
      arbitrary: record({
        act: constant('list' as const),
        selection: anywhere,
        form,
        limit: constantFrom(null, 1, 2),
      }),
    },
    {
      weight: 3,
      arbitrary: record({
        act: constant('open watch' as const),
        selection: anywhere,
        form,
        from: constantFrom('list' as const, 'initial events' as const),
      }),
    },
    { weight: 1, arbitrary: record({ act: constant('close watch' as const), nth: nat(1) }) },
  );
  return byAnyone(act);
}

function byAnyone<W extends object>(act: Arbitrary<W>): Arbitrary<W & { client: Step['client'] }> {
  return record({ client: constantFrom(...clients), act }).map(({ client, act: what }) =>
    Object.assign({ client }, what),
  );
}

/** Begins with objects, and goes on with anything. Kinds that are named twice come more often. */
function sequenceOf(plurals: readonly Plural[]): Arbitrary<Step[]> {
  const first = array(byAnyone(writesOf(targetOf(plurals)).create), {
    minLength: 1,
    maxLength: 4,
    size: 'max',
  });
  const then = array(stepOf(plurals), { minLength: 4, maxLength: 24, size: 'max' });
  return tuple(first, then).map((parts) => parts.flat());
}

/** Sequences of up to 28 steps, each about two of the kinds. */
export const sequence: Arbitrary<Step[]> = oneof(
  sequenceOf(['buckets', 'buckets', 'databases']),
  sequenceOf(['databases', 'databases', 'networks']),
  sequenceOf(['networks', 'networks', 'buckets']),
);
