import { archivedClaims, listAppClaims, readAppClaim, readAppClaimApis } from '../adoption/app-claims.ts';
import { ArchivedOriginals } from '../adoption/archived-originals.ts';
import { type Adoption, isAtEnd } from '../adoption/ledger.ts';
import type { PlannedAdoption, SelectedAppClaim } from '../adoption/plan.ts';
import { StoredArchive } from '../adoption/stored-archive.ts';
import { ConnectorError } from '../base/errors.ts';
import { apiName, type ClaimApi, readClaimApis } from '../claim-moves/claim-api.ts';
import { findApi } from '../claim-moves/selection.ts';
import type { KubeClient } from '../clusters/kube-client.ts';

/** Which claims are meant. */
export interface SelectionFlags {
  namespace?: string;
  all: boolean;
}

export async function select(
  app: KubeClient,
  claims: readonly string[],
  flags: SelectionFlags,
): Promise<SelectedAppClaim[]> {
  const apis = await readAppClaimApis(app);
  const named = namedClaims(claims, flags);
  if (!named) return await listAppClaims(app, kindsOf(apis, claims), flags.namespace);
  return await Promise.all(
    named.map(({ resource, name }) =>
      readAppClaim(app, findApi(apis, resource), flags.namespace ?? 'default', name),
    ),
  );
}

/** Of the APIs that the control plane offers: an archive does not say which kind is behind which. */
export async function selectArchived(
  source: StoredArchive,
  { controlPlane, clusterID }: { controlPlane: KubeClient; clusterID: string },
  claims: readonly string[],
  flags: SelectionFlags,
): Promise<SelectedAppClaim[]> {
  const apis = await readClaimApis(controlPlane);
  const originals = new ArchivedOriginals(source, clusterID);
  const named = namedClaims(claims, flags);
  if (!named) {
    const offered = new Set(apis.map(apiName));
    const missing = source.claimResources.filter((resource) => !offered.has(resource));
    if (claims.length === 0 && missing.length > 0)
      throw new ConnectorError(
        'kind-missing',
        `the archive has claims of ${missing.join(', ')}, which the control plane does not offer: install the XRDs there, or name the resources to adopt`,
      );
    return archivedClaims(originals, kindsOf(apis, claims), flags.namespace);
  }
  return named.map(({ resource, name }) => {
    const namespace = flags.namespace ?? 'default';
    const all = archivedClaims(originals, [findApi(apis, resource)], namespace);
    const found = all.find(({ claim }) => claim.metadata.name === name);
    if (found) return found;
    throw new ConnectorError('claim-not-found', `the archive has no ${resource}/${name} in ${namespace}`);
  });
}

function kindsOf(apis: readonly ClaimApi[], kinds: readonly string[]): readonly ClaimApi[] {
  return kinds.length === 0 ? apis : kinds.map((kind) => findApi(apis, kind));
}

/** Undefined where all are meant. */
function namedClaims(
  claims: readonly string[],
  { all }: SelectionFlags,
): { resource: string; name: string }[] | undefined {
  const kinds = claims.filter((claim) => !claim.includes('/'));
  if (all && kinds.length < claims.length)
    throw new ConnectorError(
      'bad-flag',
      '--all goes with resources, not with names: leave it out, or the names',
    );
  if (all) return undefined;
  if (kinds.length > 0 || claims.length === 0)
    throw new ConnectorError(
      'bad-flag',
      `name claims as RESOURCE/NAME, or give --all for ${kinds[0] ?? 'everything in the app cluster'}`,
    );
  return claims.map((given) => {
    const [resource = '', name = ''] = given.split('/');
    return { resource, name };
  });
}

export function chosen(
  entries: readonly Adoption[],
  claims: readonly string[],
  flags: SelectionFlags,
): Adoption[] {
  if (flags.all === claims.length > 0)
    throw new ConnectorError('bad-flag', 'name the claims as RESOURCE/NAME, or give --all');
  if (flags.all) return [...entries];
  return claims.map((given) => {
    const [resource = '', name] = given.split('/');
    const found = entries.find(({ record: { api, members } }) => {
      const from = members[0]?.from;
      const isNamed = from?.name === name && from?.namespace === (flags.namespace ?? 'default');
      return isNamed && findApi([api], resource) === api;
    });
    if (found) return found;
    throw new ConnectorError('claim-not-found', `no adoption of ${given} is known`);
  });
}

/** What the app cluster has not, or no more. */
export function needsArchive(entries: readonly Adoption[]): (plan: PlannedAdoption) => boolean {
  const ended = new Set(entries.filter(({ phase }) => isAtEnd(phase)).map(({ record }) => record));
  return (plan) => ended.has(plan.record) || isOfArchive(plan);
}

/** The archive that some of them cannot do without. Throws ConnectorError `archive-needed` where it is not given, `bad-archive` for another. */
export async function sourceOf(
  archive: string | undefined,
  planned: readonly PlannedAdoption[],
  needsIt: (plan: PlannedAdoption) => boolean,
): Promise<StoredArchive | undefined> {
  const needing = planned.filter(needsIt);
  if (needing.length === 0) return undefined;
  if (archive === undefined)
    throw new ConnectorError(
      'archive-needed',
      `${namesOf(needing)}: what the app cluster had is in the archive only: give it with --archive`,
    );
  const source = await StoredArchive.read(archive);
  requireArchive(needing, source);
  return source;
}

/** Another archive says something else of the same objects. */
export function requireArchive(planned: readonly PlannedAdoption[], { digest }: StoredArchive): void {
  const begun = planned.filter(({ state }) => state !== 'ready' && state !== 'blocked');
  const wrong = begun.filter(({ record }) => record.archive !== digest);
  if (wrong.length === 0) return;
  throw new ConnectorError(
    'bad-archive',
    `${namesOf(wrong)}: not of this archive (${digest}) but of ${wrong[0]?.record.archive ?? 'none'}`,
  );
}

export function isOfArchive({ record }: PlannedAdoption): boolean {
  return record.isFromArchive === true;
}

export function namesOf(planned: readonly PlannedAdoption[]): string {
  return planned.map(({ name }) => name).join(', ');
}
