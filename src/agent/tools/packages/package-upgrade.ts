import type { ToolAnswer } from '../../answers/tool-answer.ts';
import { readObject } from '../read-object.ts';
import { defaultWaitSeconds } from '../parameters.ts';
import { ToolError } from '../tool-error.ts';
import type { ToolCall } from '../tool.ts';
import { dependentsOf, dependentText } from './lock.ts';
import { outcome, twinWarnings } from './package-installation.ts';
import { type PackageKind, type PackageObject, packageResources } from './package-kinds.ts';
import { checkPackage, defaultName, parsePackage, sourceOf, versionOf } from './package-reference.ts';
import { waitForPackage } from './package-wait.ts';

export interface UpgradeInput {
  kind: PackageKind;
  name: string;
  version: string;
  wait_seconds?: number | undefined;
  dry_run?: boolean | undefined;
}

/** Another version of the same package, up or down. */
export async function upgradePackage(call: ToolCall, input: UpgradeInput): Promise<ToolAnswer> {
  const { kind, name, version } = input;
  const { packages } = await packageResources(call.kinds, kind);
  const found = await readObject<PackageObject>(call, packages, { name });
  const source = sourceOf(found.spec.package);
  if (version.includes('/'))
    throw new ToolError(
      'invalid',
      'version is a tag or a digest, and no reference: the source stays as it is',
      {
        hint: `another source is another package: uninstall this one, then install ${version}`,
        details: { field: 'version' },
      },
    );
  const reference = parsePackage(
    version.startsWith('sha256:') ? `${source}@${version}` : `${source}:${version}`,
  );
  const warnings = checkPackage(reference, call.policy);
  const before = versionOf(found.spec.package);
  if (reference.text === found.spec.package)
    return { summary: `${kind} ${name} names ${version} already; nothing was changed`, object: { name } };
  if (input.dry_run) {
    await call.api.patch(packages, { name }, { spec: { package: reference.text } }, { dryRun: true });
    return { summary: `${kind} ${name} would go from ${before} to ${version}`, warnings, object: { name } };
  }
  const dependents = await dependentsOf(call, source);
  const { uid = '', resourceVersion = '' } = found.metadata;
  await call.confirm({
    summary: `changes ${kind} ${name} from ${before} to ${version}`,
    effects: [
      kind === 'Configuration'
        ? 'replaces its XRDs and compositions: composite resources that follow automatically change at once'
        : 'replaces its CRDs and its pod',
      ...(found.spec.revisionActivationPolicy === 'Manual'
        ? ['the new revision waits until it is activated by hand (revisionActivationPolicy Manual)']
        : []),
      ...dependents.map(dependentText),
      ...(dependents.length > 0 && defaultName(reference) !== name
        ? [
            `Crossplane may install it once more as ${defaultName(reference)}: under this name it looks for what others need`,
          ]
        : []),
    ],
    objects: [{ uid, resourceVersion }],
  });
  await call.api.patch(
    packages,
    { name },
    { metadata: { resourceVersion }, spec: { package: reference.text } },
  );
  const done = `changed ${kind} ${name} from ${before} to ${version}`;
  const seen = await waitForPackage(call, kind, name, input.wait_seconds ?? defaultWaitSeconds, done);
  call.kinds.forget();
  const { items } = await call.api.list<PackageObject>(packages);
  warnings.push(...twinWarnings(kind, name, source, items));
  const answer = await outcome(call, kind, seen, done, warnings);
  return seen.state.healthy
    ? answer
    : {
        ...answer,
        next: [...(answer.next ?? []), `upgrade_package kind=${kind} name=${name} version=${before}`],
      };
}
