import { parseLossless } from '../apimachinery/lossless-json.ts';
import type { KubeList } from '../apimachinery/objects.ts';
import { ConnectorError } from '../base/errors.ts';
import type { KubeClient } from '../clusters/kube-client.ts';
import { appClusterLabel, appNameLabel, appNamespaceLabel, controlPlaneName } from '../mapping/identity.ts';
import { apiName, type ClaimApi, claimPath } from './claim-api.ts';
import { type ClaimObject, type Place, readExactly } from './claim-object.ts';
import type { MoveRecord } from './ledger.ts';

export interface SelectedClaim {
  api: ClaimApi;
  claim: ClaimObject;
}

/** Resource as kubectl takes it: `<plural>`, `<plural>.<group>` or `<plural>.<version>.<group>`, or the kind. */
export function findApi(apis: readonly ClaimApi[], given: string): ClaimApi {
  const word = given.toLowerCase();
  const matches = apis.filter((api) => {
    const { plural, kind } = api.claim;
    const names = [plural, kind.toLowerCase()];
    return names.some((name) =>
      [name, `${name}.${api.group}`, `${name}.${api.version}.${api.group}`].includes(word),
    );
  });
  const [first, second] = matches;
  if (first && !second) return first;
  if (second)
    throw new ConnectorError(
      'ambiguous-resource',
      `"${given}" is ${matches.map(apiName).join(' and ')}: name the group too`,
    );
  const known = apis.length === 0 ? 'it offers none' : `it offers ${apis.map(apiName).join(', ')}`;
  throw new ConnectorError('unknown-resource', `the control plane has no claims called "${given}"; ${known}`);
}

/** Throws ConnectorError `claim-not-found`. */
export async function readSelected(
  client: KubeClient,
  api: ClaimApi,
  { namespace, name }: Place,
): Promise<SelectedClaim> {
  const claim = await readExactly<ClaimObject>(client, claimPath(api, namespace, name));
  if (!claim)
    throw new ConnectorError(
      'claim-not-found',
      `${apiName(api)} "${name}" not found in namespace ${namespace} of the control plane`,
    );
  return { api, claim };
}

/** All claims of these APIs in a namespace, by name. */
export async function listSelected(
  client: KubeClient,
  apis: readonly ClaimApi[],
  namespace: string,
  labelSelector?: string,
): Promise<SelectedClaim[]> {
  const lists = await Promise.all(
    apis.map(async (api) => {
      const found: SelectedClaim[] = [];
      let page: string | undefined;
      do {
        const query = {
          limit: '500',
          ...(labelSelector ? { labelSelector } : {}),
          ...(page ? { continue: page } : {}),
        };
        const text = await client.getText(claimPath(api, namespace), { query, timeoutMs: 60_000 });
        const list = parseLossless(text) as unknown as KubeList<ClaimObject>;
        for (const claim of list.items) found.push({ api, claim });
        page = list.metadata.continue;
      } while (page);
      return found;
    }),
  );
  return lists.flat();
}

/**
 * Its labels under another name. The one that lists it in its app cluster goes where this is not the name that it is asked for by
 * there: a claim that is listed and cannot be found is one that was deleted, to whoever looks for what it owns.
 */
export function labelsAs(
  { metadata: { labels = {} } }: ClaimObject,
  name: string,
): Pick<MoveRecord, 'labels'> {
  const {
    [appClusterLabel]: clusterID,
    [appNamespaceLabel]: namespace = '',
    [appNameLabel]: own = '',
  } = labels;
  if (clusterID === undefined || controlPlaneName('claim', { namespace, name: own }, clusterID) === name)
    return {};
  return { labels: { [appClusterLabel]: { from: clusterID } } };
}

/** As the users of its app cluster call it; its own name and namespace where it is of none. */
export function appPlaceOf({ metadata: { name, namespace = '', labels = {} } }: ClaimObject): Place {
  return { namespace: labels[appNamespaceLabel] ?? namespace, name: labels[appNameLabel] ?? name };
}
