import type { ChaosFault } from '../fault.ts';
import { appClusterFaults } from './app-cluster.ts';
import { connectorFaults } from './connector.ts';
import { controlPlaneFaults } from './control-plane.ts';
import { networkFaults } from './network.ts';
import { rotationFaults } from './rotation.ts';

/** Every fault, in the order of a full run. */
export const faults: readonly ChaosFault[] = [
  ...controlPlaneFaults,
  ...networkFaults,
  ...connectorFaults,
  ...appClusterFaults,
  ...rotationFaults,
];

/** The faults of these names, in this order. Throws for a name that there is none of. */
export function faultsNamed(names: readonly string[]): ChaosFault[] {
  return names.map((name) => {
    const found = faults.find((fault) => fault.name === name);
    if (!found)
      throw new Error(
        `there is no fault ${name}; there are: ${faults.map((fault) => fault.name).join(', ')}`,
      );
    return found;
  });
}
