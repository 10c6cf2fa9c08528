import type { ToolAnswer } from '../../answers/tool-answer.ts';
import { defaultWaitSeconds } from '../parameters.ts';
import { ToolError } from '../tool-error.ts';
import type { ToolCall } from '../tool.ts';
import { type PackageKind, type PackageObject, packageResources } from './package-kinds.ts';
import {
  checkPackage,
  defaultName,
  type PackageReference,
  parsePackage,
  sourceOf,
} from './package-reference.ts';
import { lockProblem, type SeenPackage, waitForPackage } from './package-wait.ts';

export interface InstallInput {
  package: string;
  name?: string | undefined;
  runtime_config?: string | undefined;
  pull_secrets?: string[] | undefined;
  revision_activation?: 'Automatic' | 'Manual' | undefined;
  wait_seconds?: number | undefined;
  dry_run?: boolean | undefined;
}

/** Creates a Provider or a Configuration, and says how far it has got. */
export async function installPackage(
  call: ToolCall,
  kind: PackageKind,
  input: InstallInput,
): Promise<ToolAnswer> {
  const reference = parsePackage(input.package);
  const warnings = checkPackage(reference, call.policy);
  const name = input.name ?? defaultName(reference);
  const { packages } = await packageResources(call.kinds, kind);
  const { items: others } = await call.api.list<PackageObject>(packages);
  refuseTaken(kind, name, reference, others);
  warnings.push(...twinWarnings(kind, name, reference.source, others));
  if (input.runtime_config !== undefined) await runtimeConfigExists(call, input.runtime_config);
  const created = await call.api.create<PackageObject>(
    packages,
    {},
    {
      apiVersion: `${packages.group}/${packages.version}`,
      kind,
      metadata: { name },
      spec: specOf(reference, input),
    },
    { dryRun: input.dry_run ?? false },
  );
  if (input.dry_run)
    return {
      summary: `${kind} ${name} would be created with ${reference.text}; the package itself was not looked at`,
      warnings,
      object: { name, ...created.spec },
    };
  const seen = await waitForPackage(
    call,
    kind,
    name,
    input.wait_seconds ?? defaultWaitSeconds,
    `${kind} ${name} was created`,
  );
  return await outcome(call, kind, seen, `created ${kind} ${name}`, warnings);
}

/** How far a package has got that was created or changed just now. */
export async function outcome(
  call: ToolCall,
  kind: PackageKind,
  { found, state }: SeenPackage,
  done: string,
  warnings: readonly string[],
): Promise<ToolAnswer> {
  const { name } = found.metadata;
  const get = `get_${kind.toLowerCase()} name=${name}`;
  const object = {
    name,
    package: found.spec.package,
    revision: state.revision?.metadata.name ?? '-',
    healthy: state.healthy,
  };
  if (state.healthy) return { summary: `${done}: installed and healthy`, object, warnings, next: [get] };
  const { problem } = state;
  const lock = problem === undefined || /dependenc/i.test(problem) ? await lockProblem(call) : undefined;
  return {
    summary: `${done}, which is not healthy ${state.stuck ? '' : 'yet'}`.trimEnd(),
    object: {
      ...object,
      problem: problem ?? 'Crossplane has not reported on it yet',
      ...(lock ? { package_manager: lock } : {}),
    },
    warnings,
    next: [get],
  };
}

function specOf(reference: PackageReference, input: InstallInput): Record<string, unknown> {
  const { pull_secrets: secrets, revision_activation: activation, runtime_config: runtime } = input;
  return {
    package: reference.text,
    ...(activation ? { revisionActivationPolicy: activation } : {}),
    ...(secrets && secrets.length > 0 ? { packagePullSecrets: secrets.map((name) => ({ name })) } : {}),
    ...(runtime === undefined ? {} : { runtimeConfigRef: { name: runtime } }),
  };
}

/** Throws `already_exists` for the name, with what to do instead. */
function refuseTaken(
  kind: PackageKind,
  name: string,
  { source }: PackageReference,
  packages: readonly PackageObject[],
): void {
  const own = packages.find(({ metadata }) => metadata.name === name);
  if (!own) return;
  throw new ToolError('already_exists', `${kind} ${name} exists already`, {
    hint:
      sourceOf(own.spec.package) === source
        ? `upgrade_package kind=${kind} name=${name} version=…`
        : 'choose another name',
    details: { name, package: own.spec.package },
  });
}

/**
 * Two packages of one source fight over the same CRDs: the later one never becomes healthy. Crossplane makes such a one itself,
 * under a name of its own, where a dependency seems to be missing for a moment while its version changes.
 */
export function twinWarnings(
  kind: PackageKind,
  name: string,
  source: string,
  packages: readonly PackageObject[],
): string[] {
  return packages
    .filter(({ metadata, spec }) => metadata.name !== name && sourceOf(spec.package) === source)
    .map(
      ({ metadata, spec }) =>
        `${kind} ${metadata.name} is installed from the same source (${spec.package}): both want the same CRDs, and only one can have them`,
    );
}

async function runtimeConfigExists(call: ToolCall, name: string): Promise<void> {
  const resource = await call.kinds.find('DeploymentRuntimeConfig');
  const { items } = await call.api.listMetadata(resource);
  const names = items.map(({ metadata }) => metadata.name);
  if (names.includes(name)) return;
  throw new ToolError('invalid', `there is no DeploymentRuntimeConfig ${name}`, {
    hint: names.length > 0 ? `there is: ${names.slice(0, 10).join(', ')}` : 'leave runtime_config out',
    details: { field: 'runtime_config' },
  });
}
