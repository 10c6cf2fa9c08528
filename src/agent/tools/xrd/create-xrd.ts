import type { CustomResourceDefinition, JsonSchema, KubeObject } from '../../../apimachinery/objects.ts';
import { crdPath } from '../../../clusters/api-paths.ts';
import type { ToolAnswer } from '../../answers/tool-answer.ts';
import { conditionOf, conditionText } from '../conditions.ts';
import type { Manifest } from '../parameters.ts';
import { poll } from '../polling.ts';
import { readObject } from '../read-object.ts';
import { ToolError } from '../tool-error.ts';
import type { ToolCall } from '../tool.ts';
import { apiVersionOf, createObject, invalid, typed } from '../write-object.ts';
import { idleControllers } from './idle-controllers.ts';
import { stateOf } from './read-xrds.ts';
import { checkXrd } from './xrd-checks.ts';
import { claimsOf, type Xrd } from './xrd-objects.ts';
import { writtenAs } from './xrd-version.ts';

export interface CreateXrdInput {
  manifest?: Manifest | undefined;
  group?: string | undefined;
  kind?: string | undefined;
  plural?: string | undefined;
  scope?: 'Namespaced' | 'Cluster' | 'LegacyCluster' | undefined;
  schema?: Manifest | undefined;
  dry_run?: boolean | undefined;
}

/** How long it is waited for the XRD to be established; the rest of Crossplane's work is seen by `get_xrd`. */
const waitSeconds = 10;

export async function createXrd(call: ToolCall, input: CreateXrdInput): Promise<ToolAnswer> {
  const wanted = input.manifest ? fromManifest(input) : fromFields(input);
  const given = typeof wanted.apiVersion === 'string' ? wanted.apiVersion.split('/')[1] : undefined;
  const { resource, spec } = await writtenAs(call, wanted.spec, given);
  const body = typed({ ...wanted, spec }, resource) as unknown as Xrd & Manifest;
  checkXrd(body);
  const { name } = body.metadata;
  const warnings = await refuseTakenCrds(call, body);
  const instead = `get_xrd name=${name} shows it; update_xrd changes it`;
  const created = await createObject<Xrd>(call, resource, body, { dryRun: input.dry_run ?? false, instead });
  const facts = {
    name,
    api_version: apiVersionOf(resource),
    kind: created.spec.names.kind,
    ...(created.spec.claimNames ? { claim: created.spec.claimNames.kind } : {}),
    scope: created.spec.scope ?? 'LegacyCluster',
    versions: created.spec.versions.map((version) => version.name),
  };
  if (input.dry_run) return { summary: `dry run: XRD ${name} would be created`, object: facts, warnings };
  call.progress(`XRD ${name} is created; waiting for it to be established`);
  const seen = await poll(
    call,
    waitSeconds,
    `the XRD ${name} was created`,
    () => readObject<Xrd>(call, resource, { name }),
    (xrd) => stateOf(xrd) === 'ok',
  );
  call.kinds.forget();
  const state = stateOf(seen);
  const idle = await idleControllers(call, seen);
  return {
    summary:
      state === 'ok'
        ? `XRD ${name} created and established`
        : `XRD ${name} created; after ${waitSeconds} s it is ${state}`,
    object: {
      ...facts,
      established: conditionText(conditionOf(seen, 'Established')),
      ...(seen.spec.claimNames ? { offered: conditionText(conditionOf(seen, 'Offered')) } : {}),
    },
    warnings: [...warnings, ...idle],
    next: [
      ...idle.map(() => `delete_xrd name=${name}, then create_xrd again`),
      state === 'ok' ? `create_composition for ${seen.spec.names.kind}` : `get_xrd name=${name}`,
    ],
  };
}

function fromManifest({ manifest = {}, group, kind, plural, scope, schema }: CreateXrdInput): Xrd {
  if ([group, kind, plural, scope, schema].some((value) => value !== undefined))
    throw invalid('manifest', 'give either a manifest, or group, kind, plural, scope and schema');
  const { metadata, spec } = manifest as Partial<Xrd>;
  if (typeof spec !== 'object' || spec === null) throw invalid('spec', 'the manifest has no spec');
  const { group: ownGroup, names } = spec;
  return {
    ...manifest,
    metadata: { ...metadata, name: metadata?.name ?? `${names?.plural}.${ownGroup}` },
    spec,
  };
}

/** An XRD with one version, `v1`; `schema` is that of the object, or of its spec. */
function fromFields({ group, kind, plural, scope, schema }: CreateXrdInput): Xrd {
  if (group === undefined || kind === undefined || plural === undefined)
    throw invalid('manifest', 'give a manifest, or at least group, kind and plural');
  const ofSpec: JsonSchema = schema ?? { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  const isWhole = ['spec', 'status'].some((part) => Object.hasOwn(ofSpec['properties'] ?? {}, part));
  const openAPIV3Schema = isWhole ? ofSpec : { type: 'object', properties: { spec: ofSpec } };
  return {
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      names: { kind, plural },
      ...(scope === undefined ? {} : { scope }),
      versions: [{ name: 'v1', served: true, referenceable: true, schema: { openAPIV3Schema } }],
    },
  };
}

/**
 * Crossplane does not take over a CRD that is not its own, and the XRD would wait for ever. Where CRDs may not be read, the
 * answer says that this was not looked at.
 */
async function refuseTakenCrds(call: ToolCall, xrd: Xrd): Promise<string[]> {
  const { group, names } = xrd.spec;
  const crds = [names.plural, claimsOf(xrd)?.plural].flatMap((plural) =>
    plural ? [`${plural}.${group}`] : [],
  );
  try {
    for (const name of crds) await refuseTaken(call, name, xrd.metadata.name);
    return [];
  } catch (error) {
    if (error instanceof ToolError && error.code === 'forbidden')
      return [
        `it was not looked whether CRDs ${crds.join(', ')} are there already: this account may not read them`,
      ];
    throw error;
  }
}

async function refuseTaken({ api }: ToolCall, name: string, xrd: string): Promise<void> {
  const crd = await api
    .getPath<CustomResourceDefinition & KubeObject>(crdPath(name))
    .catch((error: unknown) => {
      if (error instanceof ToolError && error.code === 'not_found') return undefined;
      throw error;
    });
  if (!crd) return;
  const owner = crd.metadata.ownerReferences?.find(({ controller }) => controller);
  if (owner?.kind === 'CompositeResourceDefinition' && owner.name === xrd) return;
  throw new ToolError(
    'already_exists',
    owner
      ? `the CRD ${name} belongs to ${owner.kind} ${owner.name}`
      : `a CRD ${name} is there already, and Crossplane does not take over one that it has not made`,
    { hint: 'choose another plural or group', details: { field: 'spec.names.plural' } },
  );
}
