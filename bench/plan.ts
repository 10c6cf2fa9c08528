import { measureInterleaved } from './interleaved.ts';
import { ensureNamespace } from './platform.ts';
import { measureRate } from './rate-blocks.ts';
import type { PhaseResult } from './results.ts';
import { type Bench, cleanUp, seed, targetsOf } from './targets.ts';

export const phaseNames = ['get', 'rate', 'create', 'watch', 'list'] as const;
export type PhaseName = (typeof phaseNames)[number];

/** How much each phase does: requests per column, seconds and rounds. Everything is bounded, in number and in time. */
export interface Extent {
  get: number;
  rate: { seconds: number; rounds: number; inFlight: number };
  create: number;
  watch: number;
  /** Turns for each length of list. */
  list: { length: number; turns: number }[];
}

export const fullRun: Extent = {
  get: 2000,
  rate: { seconds: 3, rounds: 7, inFlight: 16 },
  create: 600,
  watch: 500,
  list: [
    { length: 10, turns: 500 },
    { length: 1000, turns: 40 },
    { length: 10_000, turns: 15 },
  ],
};

export const quickRun: Extent = {
  get: 300,
  rate: { seconds: 1, rounds: 3, inFlight: 16 },
  create: 100,
  watch: 100,
  list: [
    { length: 10, turns: 100 },
    { length: 1000, turns: 8 },
  ],
};

/**
 * Runs the phases in an order that keeps the control plane's work equal: what reads few objects comes before the
 * thousands are there, since a selector makes a list look at every object of the claim namespace.
 */
export async function runPhases(
  bench: Bench,
  only: ReadonlySet<PhaseName>,
  extent: Extent,
  say: (line: string) => void,
) {
  const results: PhaseResult[] = [];
  const add = (result: PhaseResult) => void results.push(result);
  const began = Date.now();
  const tell = (phase: string) => say(`${Math.round((Date.now() - began) / 1000)} s: ${phase}`);
  const namespace = 'bench';
  await appNamespaces(bench, [namespace]);
  await seed(bench, namespace, 1);
  if (only.has('get')) {
    tell('GET');
    add(
      await measureInterleaved(bench, {
        id: 'get',
        title: 'GET',
        mode: 'turns',
        verb: 'get',
        namespace,
        turns: extent.get,
        warmUp: 200,
      }),
    );
  }
  if (only.has('rate')) {
    const { inFlight } = extent.rate;
    tell(`GET, ${inFlight} in flight`);
    add(
      await measureRate(bench, {
        id: 'rate',
        title: `GET, ${inFlight} in flight`,
        namespace,
        ...extent.rate,
      }),
    );
  }
  if (only.has('create')) {
    tell('CREATE');
    const created = 'bench-create';
    await appNamespaces(bench, [created]);
    const options = { id: 'create', title: 'CREATE', mode: 'turns' as const, verb: 'create' as const };
    add(
      await measureInterleaved(bench, { ...options, namespace: created, turns: extent.create, warmUp: 50 }),
    );
    await cleanUp(bench, created);
  }
  if (only.has('watch')) {
    tell('watch delivery');
    add(await watchDelivery(bench, extent.watch));
  }
  if (only.has('list')) {
    for (const { length, turns } of extent.list) {
      tell(`LIST of ${length}`);
      results.push(...(await lists(bench, length, turns)));
    }
  }
  return results;
}

async function watchDelivery(bench: Bench, turns: number): Promise<PhaseResult> {
  const namespaces = targetsOf(bench).map(({ name }) => `bench-watch-${name}`);
  await appNamespaces(bench, namespaces);
  for (const namespace of namespaces) await seed(bench, namespace, 1);
  const title = 'watch, write to event';
  const result = await measureInterleaved(bench, {
    id: 'watch',
    title,
    mode: 'watch',
    namespace: 'bench-watch',
    turns,
    warmUp: 30,
  });
  for (const namespace of namespaces) await cleanUp(bench, namespace);
  return result;
}

/** Lists as client-go asks for them (gzip offered) and, where the answer is large, as a plain client does. */
async function lists(bench: Bench, length: number, turns: number): Promise<PhaseResult[]> {
  const namespace = `bench-list-${length}`;
  await appNamespaces(bench, [namespace]);
  await seed(bench, namespace, length);
  const options = { mode: 'turns' as const, verb: 'list' as const, namespace, turns, count: length };
  const title = `LIST of ${length.toLocaleString('en')}`;
  const warmUp = Math.min(20, Math.ceil(turns / 5));
  const results = [await measureInterleaved(bench, { ...options, id: `list-${length}`, title, warmUp })];
  if (length >= 1000) {
    const plain = { id: `list-${length}-plain`, title: `${title}, plain client`, plain: true };
    results.push(await measureInterleaved(bench, { ...options, ...plain, warmUp }));
  }
  if (length >= 10_000) results.push(await freshList(bench, namespace, length));
  return results;
}

/**
 * The same list by servers that were just started: one that has served thousands of requests has grown already, and what a
 * list adds no longer shows.
 */
async function freshList(bench: Bench, namespace: string, count: number): Promise<PhaseResult> {
  for (const column of bench.columns) await column.restart();
  const warm = { id: 'warm', title: '', mode: 'turns' as const, namespace, turns: 200, warmUp: 0 };
  await measureInterleaved(bench, { ...warm, verb: 'get' });
  return await measureInterleaved(bench, {
    id: `list-${count}-fresh`,
    title: `LIST of ${count.toLocaleString('en')}, started anew`,
    mode: 'turns',
    verb: 'list',
    namespace,
    turns: 4,
    warmUp: 0,
    count,
  });
}

async function appNamespaces(bench: Bench, names: readonly string[]): Promise<void> {
  for (const name of names) await ensureNamespace(bench.ground.app.client, name);
}
