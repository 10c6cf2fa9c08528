import type { Scenario } from '../scenario.ts';
import { create } from './create.ts';
import { read } from './read.ts';
import { watch } from './watch.ts';

/** Every scenario, in the order of docs/fidelity.md. */
export const catalogue: readonly Scenario[] = [create, read, watch].flatMap(({ scenarios }) => scenarios);
