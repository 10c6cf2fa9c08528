import { showPlace } from '../claim-moves/claim-object.ts';
import type { Binding } from '../clusters/connection-state.ts';
import { showDependent } from '../departure/dependents.ts';
import type { Installation } from '../departure/installation.ts';
import type { UninstallPlan, UninstallRequest } from '../departure/plan.ts';
import type { UninstallResult } from '../departure/uninstall.ts';
import { appClusterLabel } from '../mapping/identity.ts';
import { printPlan } from './move-report.ts';
import type { Terminal } from './terminal.ts';

/** Before anything is done. */
export function planText(
  plan: UninstallPlan,
  { moveTo, installation }: UninstallRequest,
  fault: string | undefined,
  terminal: Terminal,
): string {
  const { apiServices, dependents, moves, kept } = plan;
  return [
    moves.length > 0 ? `Claims that move to ${moveTo}:\n${printPlan(moves, terminal)}\n` : '',
    kept.length > 0 ? `Stay where they are: ${kept.map(({ place }) => showPlace(place)).join(', ')}\n` : '',
    `APIs that go: ${apiServices.join(', ') || 'none'}\n`,
    dependents.found.length > 0
      ? `Objects that claims own, and that stay without them: ${dependents.found.map(showDependent).join(', ')}\n`
      : '',
    dependents.unknown.length > 0
      ? `Cannot be looked at, whatever claims own of them: ${dependents.unknown.join(', ')}\n`
      : '',
    fault === undefined ? '' : stayingText(installation, moveTo, fault),
  ].join('');
}

/** What was done. */
export function resultText(result: UninstallResult, binding: Binding | undefined): string {
  const { apiServices, detached, deleted, moves, kept, inventory, removed } = result;
  const left = kept.map(
    ({ resource, place, app }) => `${resource} ${showPlace(app)} stays as ${showPlace(place)}\n`,
  );
  return [
    ...moves.map(({ resource, from, to, state, reason }) =>
      state === 'moved'
        ? `${resource}/${from.name} moved to ${showPlace(to)}\n`
        : `${resource}/${from.name} ${state}: ${reason ?? ''}\n`,
    ),
    ...left,
    inventory === undefined
      ? ''
      : `ConfigMap ${binding?.claimNamespace}/${inventory} of the control plane lists what stays; an installation with clusterID ${binding?.clusterID} and this claim namespace has it again\n`,
    ...apiServices.map((name) => `apiservice ${name} removed\n`),
    ...detached.map((words) => `${words} stays, without its claim as owner\n`),
    ...deleted.map((words) => `${words} deleted\n`),
    ...removed.map((words) => `${words} removed\n`),
  ].join('');
}

/** What nobody could move, and how to do it later. */
export function stayingText({ binding }: Installation, moveTo: string | undefined, fault: string): string {
  if (!binding) return '';
  const { clusterID, claimNamespace } = binding;
  const later =
    moveTo === undefined
      ? ''
      : `; move them when it is back: mcp-connector move --all -n ${claimNamespace} -l ${appClusterLabel}=${clusterID} --to-namespace ${moveTo} --name-pattern '{name}' --ignore-preflight-errors Connected`;
  return `The control plane cannot be asked (${fault}): the claims of cluster ID ${clusterID} stay in its namespace ${claimNamespace}, under their hashed names${later}\n`;
}
