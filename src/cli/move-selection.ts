import { ConnectorError } from '../base/errors.ts';
import { apiName, isOffered, readClaimApis } from '../claim-moves/claim-api.ts';
import type { LedgerEntry } from '../claim-moves/ledger.ts';
import type { PlannedMove } from '../claim-moves/plan.ts';
import type { BlockerReason, MoveRequest } from '../claim-moves/preflight.ts';
import {
  appPlaceOf,
  findApi,
  labelsAs,
  listSelected,
  readSelected,
  type SelectedClaim,
} from '../claim-moves/selection.ts';
import { nameByPattern, unknownPlaceholders } from '../claim-moves/target-names.ts';
import { isNotFound, type KubeClient } from '../clusters/kube-client.ts';
import type { OutputFormat } from './output-format.ts';

/** Of all commands about moves. */
export interface MoveConnection {
  controlPlaneKubeconfig?: string;
  controlPlaneContext?: string;
  namespace: string;
  output: OutputFormat;
  yes: boolean;
}

export interface MoveFlags extends MoveConnection {
  toNamespace?: string;
  toName?: string;
  namePattern?: string;
  selector?: string;
  all: boolean;
  dryRun: boolean;
  guard: boolean;
  ignorePreflightErrors: BlockerReason[];
}

/** What is asked for, as moves. Throws ConnectorError with one sentence for what cannot be meant. */
export async function requestsFor(
  client: KubeClient,
  claims: readonly string[],
  flags: MoveFlags,
  begun: readonly PlannedMove[],
): Promise<MoveRequest[]> {
  const { toNamespace, toName, namePattern } = flags;
  if (toNamespace === undefined && toName === undefined && namePattern === undefined)
    throw new ConnectorError('bad-flag', 'say where to: give --to-namespace, --to-name or --name-pattern');
  if (toName !== undefined && namePattern !== undefined)
    throw new ConnectorError('bad-flag', '--to-name and --name-pattern exclude each other: give one of them');
  const unknown = unknownPlaceholders(namePattern ?? '');
  if (unknown.length > 0)
    throw new ConnectorError(
      'bad-flag',
      `--name-pattern: {${unknown[0]}} is none of {name}, {namespace} and {id}`,
    );
  const selected = await select(client, claims, flags, begun);
  if (toName !== undefined && selected.length > 1)
    throw new ConnectorError(
      'bad-flag',
      `--to-name is for one claim, and ${selected.length} were chosen: give --name-pattern`,
    );
  return selected.flatMap(({ api, claim }): MoveRequest[] => {
    const { name, namespace = '', uid = '' } = claim.metadata;
    const named = { resource: apiName(api), namespace, name, app: appPlaceOf(claim) };
    const to = {
      namespace: toNamespace ?? namespace,
      name: toName ?? (namePattern === undefined ? name : nameByPattern(namePattern, named)),
    };
    if (to.namespace === namespace && to.name === name) return [];
    const secret = claim.spec?.writeConnectionSecretToRef?.name;
    return [
      {
        api,
        claim,
        from: { namespace, name, uid },
        to,
        ...labelsAs(claim, to.name),
        ...(secret === undefined ? {} : { secret: { from: secret, to: secret } }),
      },
    ];
  });
}

async function select(
  client: KubeClient,
  claims: readonly string[],
  flags: MoveFlags,
  begun: readonly PlannedMove[],
): Promise<SelectedClaim[]> {
  const { all, selector, namespace } = flags;
  const apis = await readClaimApis(client);
  const byName = claims.filter((claim) => claim.includes('/'));
  const kinds = claims.filter((claim) => !claim.includes('/'));
  const hasFilter = all || selector !== undefined;
  if (byName.length > 0 && hasFilter)
    throw new ConnectorError(
      'bad-flag',
      '--all and --selector go with resources, not with names: leave them out, or the names',
    );
  if (!hasFilter && (kinds.length > 0 || claims.length === 0))
    throw new ConnectorError(
      'bad-flag',
      `name claims as RESOURCE/NAME, or give --all for ${kinds[0] ?? 'everything in the namespace'}`,
    );
  const named = byName.map((given) => {
    const [resource = '', name = ''] = given.split('/');
    // Where the old claim has gone already, the ledger has the rest.
    return readSelected(client, findApi(apis, resource), { namespace, name }).catch((error: unknown) => {
      if (begun.some((move) => isChosen(move, [given], false))) return undefined;
      throw error;
    });
  });
  if (!hasFilter) return (await Promise.all(named)).filter((one) => one !== undefined);
  const wanted = kinds.length === 0 ? apis : kinds.map((kind) => findApi(apis, kind));
  const lists = wanted.map((api) =>
    listSelected(client, [api], namespace, selector).catch(
      async (error: unknown): Promise<SelectedClaim[]> => {
        // Of an XRD that has just come, or is about to go, whoever's it is.
        if (kinds.length === 0 && isNotFound(error) && !(await isOffered(client, api))) return [];
        throw error;
      },
    ),
  );
  return (await Promise.all(lists)).flat();
}

/** Whether a move that was begun is one of those that are asked for. */
export function isChosen({ record, from }: PlannedMove, claims: readonly string[], all: boolean): boolean {
  if (all && claims.length === 0) return true;
  return claims.some((given) => {
    const [resource = '', name] = given.split('/');
    const isNamed = name === undefined ? all : name === from.name;
    const { claim, group, version } = record.api;
    const words = [claim.plural, claim.kind.toLowerCase()].flatMap((word) => [
      word,
      `${word}.${group}`,
      `${word}.${version}.${group}`,
    ]);
    return isNamed && words.includes(resource.toLowerCase());
  });
}

/** Moves by the names that their claims had before. */
export function chosen(
  entries: readonly LedgerEntry[],
  claims: readonly string[],
  all: boolean,
): LedgerEntry[] {
  if (all === claims.length > 0)
    throw new ConnectorError(
      'bad-flag',
      'name the moves as RESOURCE/NAME of the claim before, or give --all',
    );
  if (all) return entries.filter(({ phase }) => phase !== 'undone');
  return claims.map((given) => {
    const [resource = '', name] = given.split('/');
    const found = entries.findLast(
      ({ record, phase }) =>
        phase !== 'undone' && record.from.name === name && findApi([record.api], resource) === record.api,
    );
    if (found) return found;
    throw new ConnectorError(
      'claim-not-found',
      `no move of ${given} from this namespace is known: see mcp-connector move list`,
    );
  });
}
