import { composite } from './catalogue/composite.ts';
import { everyday } from './catalogue/everyday.ts';
import type { Scenario } from './scenario.ts';

/** Kubernetes has changed the words for names that are too long; the connector, which checks them, has those of one release. */
const isInWordsOfOneRelease = ({ name }: Scenario): boolean => name === 'create of what its schema refuses';

/** The catalogue in short, each verb at least once: what is asked of every release of Kubernetes. */
export const shortForm: readonly Scenario[] = [...everyday.scenarios, ...composite.scenarios].filter(
  (scenario) => !isInWordsOfOneRelease(scenario),
);
