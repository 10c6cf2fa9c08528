import type { KubeObject } from '../../../apimachinery/objects.ts';
import { isSensitiveName } from '../../answers/sensitive-names.ts';
import { redactText } from '../../answers/secret-text.ts';
import type { ToolAnswer } from '../../answers/tool-answer.ts';
import type { Resource } from '../../cluster/cluster-api.ts';
import type { Composition } from '../composition/composition-objects.ts';
import { changeLines } from '../field-changes.ts';
import { counted, type ListInput, listPage, rowsOf } from '../list-page.ts';
import type { Manifest } from '../parameters.ts';
import { refuseInUse } from '../protection/usages.ts';
import { manifestAsked, readObject } from '../read-object.ts';
import { ToolError } from '../tool-error.ts';
import type { ToolCall } from '../tool.ts';
import {
  apiVersionOf,
  carryOut,
  createObject,
  planUpdate,
  typed,
  type UpdateInput,
} from '../write-object.ts';
import { identityOf } from '../xrd/update-xrd.ts';

/** Free data, without spec and status. */
interface EnvironmentConfig extends KubeObject {
  data?: Record<string, unknown>;
}

const maxNamed = 15;

export async function createEnvironmentConfig(
  call: ToolCall,
  input: { name: string; data: Manifest; labels?: Manifest | undefined; dry_run?: boolean | undefined },
): Promise<ToolAnswer> {
  const { name, data, labels } = input;
  const resource = await call.kinds.find('EnvironmentConfig');
  const body = typed({ metadata: { name, ...(labels ? { labels } : {}) }, data }, resource);
  const instead = `get_environment_config name=${name} shows it; update_environment_config changes it`;
  await createObject(call, resource, body, { dryRun: input.dry_run ?? false, instead });
  return {
    summary: `${input.dry_run ? 'dry run: ' : ''}environment config ${name} ${input.dry_run ? 'would be ' : ''}created`,
    object: { name, api_version: apiVersionOf(resource), keys: Object.keys(data) },
    warnings: [...secretWarnings(data), ...alphaWarnings(resource)],
  };
}

/** Up to Crossplane 1.17 their API is served all the same. */
function alphaWarnings({ version }: Resource): string[] {
  if (version !== 'v1alpha1') return [];
  return [
    'environment configs are an alpha feature of this Crossplane: compositions read them only if it was started with --enable-environment-configs',
  ];
}

export async function listEnvironmentConfigs(call: ToolCall, input: ListInput): Promise<ToolAnswer> {
  const resource = await call.kinds.find('EnvironmentConfig');
  const listed = await listPage<EnvironmentConfig>(call, 'list_environment_configs', resource, input);
  const { items, total, nextCursor } = listed;
  return {
    summary: counted(items.length, total, 'environment config'),
    items: rowsOf(input, items, ({ metadata, data = {} }) => ({
      name: metadata.name,
      labels: Object.entries(metadata.labels ?? {}).map(([key, value]) => `${key}=${value}`),
      keys: Object.keys(data),
      bytes: JSON.stringify(data).length,
    })),
    ...(total === undefined ? {} : { total }),
    ...(nextCursor === undefined ? {} : { nextCursor }),
  };
}

export async function getEnvironmentConfig(
  call: ToolCall,
  input: { name: string; fields?: readonly string[] | undefined },
): Promise<ToolAnswer> {
  const { name } = input;
  const found = await readObject<EnvironmentConfig>(call, await call.kinds.find('EnvironmentConfig'), {
    name,
  });
  const asked = manifestAsked(input, found);
  if (asked.manifest) return { summary: `environment config ${name}`, ...asked };
  const { labels, resourceVersion } = found.metadata;
  return {
    summary: `environment config ${name}`,
    object: { labels, data: found.data ?? {}, resource_version: resourceVersion },
  };
}

export async function updateEnvironmentConfig(
  call: ToolCall,
  input: UpdateInput & { name: string },
): Promise<ToolAnswer> {
  const { name } = input;
  const resource = await call.kinds.find('EnvironmentConfig');
  const plan = await planUpdate<EnvironmentConfig>(call, resource, { name }, input);
  if (plan.changes.length === 0)
    return { summary: `environment config ${name} is like that already: nothing was changed` };
  const changes = changeLines(plan.changes);
  const warnings = secretWarnings(plan.after.data ?? {});
  if (input.dry_run)
    return { summary: `dry run: environment config ${name} would be changed`, object: { changes }, warnings };
  const readers = await readersOf(call, name);
  await call.confirm({
    summary: `changes the environment config ${name}: XRs that read it follow`,
    effects: [...readers, ...changes].slice(0, 20),
    objects: [identityOf(plan.before)],
  });
  const after = await carryOut(call, resource, { name }, input, plan);
  return {
    summary: `environment config ${name} changed`,
    object: { changes, resource_version: after.metadata.resourceVersion },
    warnings,
  };
}

export async function deleteEnvironmentConfig(
  call: ToolCall,
  { name }: { name: string },
): Promise<ToolAnswer> {
  const resource = await call.kinds.find('EnvironmentConfig');
  const found = await readObject<EnvironmentConfig>(call, resource, { name });
  const apiVersion = apiVersionOf(resource);
  await refuseInUse(call, { apiVersion, kind: resource.kind, name }, found.metadata.labels);
  const readers = await readersOf(call, name);
  await call.confirm({
    summary:
      readers.length > 0
        ? `deletes the environment config ${name}, which ${readers.length} compositions name: their XRs fail`
        : `deletes the environment config ${name}; compositions may still select it by its labels`,
    effects: readers.slice(0, maxNamed),
    objects: [identityOf(found)],
  });
  const { uid, resourceVersion } = identityOf(found);
  await call.api.delete(resource, { name }, { uid, resourceVersion });
  return { summary: `environment config ${name} deleted` };
}

/** Compositions that name it, in the old `environment` or in the input of a function; selectors are not followed. */
async function readersOf(call: ToolCall, name: string): Promise<string[]> {
  try {
    const { items } = await call.api.list<Composition>(await call.kinds.find('Composition'));
    return items
      .filter(({ spec }) => namesEnvironment(spec, name))
      .map(({ metadata }) => `composition ${metadata.name} reads it`);
  } catch (error) {
    if (error instanceof ToolError && error.code === 'forbidden')
      return ['which compositions read it is unknown: this account may not list them'];
    throw error;
  }
}

function namesEnvironment(spec: object, name: string): boolean {
  return JSON.stringify(spec).includes(`"ref":{"name":${JSON.stringify(name)}}`);
}

/** Whoever reads environment configs reads them whole. */
function secretWarnings(data: Record<string, unknown>): string[] {
  const keys = [...secretKeys(data, 'data')];
  if (keys.length === 0) return [];
  return [
    `${keys.slice(0, 10).join(', ')} look${keys.length === 1 ? 's' : ''} like a credential: environment configs are not secret; use a Secret`,
  ];
}

function* secretKeys(value: unknown, path: string): Generator<string> {
  if (typeof value === 'string' && redactText(value) !== value) yield path;
  if (typeof value !== 'object' || value === null) return;
  for (const [key, child] of Object.entries(value)) {
    if (isSensitiveName(key) && typeof child === 'string') yield `${path}.${key}`;
    else yield* secretKeys(child, `${path}.${key}`);
  }
}
