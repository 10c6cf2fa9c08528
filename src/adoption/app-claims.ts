import { parseLossless } from '../apimachinery/lossless-json.ts';
import type { KubeList } from '../apimachinery/objects.ts';
import { ConnectorError } from '../base/errors.ts';
import { apiName, type ClaimApi, claimPath, readClaimApis } from '../claim-moves/claim-api.ts';
import { resourcePath } from '../clusters/api-paths.ts';
import { absentOrThrow, type KubeClient } from '../clusters/kube-client.ts';
import type { ArchivedOriginals } from './archived-originals.ts';
import { readObject } from './family.ts';
import type { AdoptedObject } from './member.ts';
import type { SelectedAppClaim } from './plan.ts';

/** Those of the app cluster's own Crossplane. Throws ConnectorError `no-crossplane`. */
export async function readAppClaimApis(app: KubeClient): Promise<ClaimApi[]> {
  const apis = await readClaimApis(app).catch(absentOrThrow);
  if (apis) return apis;
  throw new ConnectorError(
    'no-crossplane',
    'the app cluster has no CompositeResourceDefinitions, so there is nothing to adopt: see that --kubeconfig leads to the right cluster',
  );
}

/** All claims of these APIs that the app cluster has, of one namespace or of all. */
export async function listAppClaims(
  app: KubeClient,
  apis: readonly ClaimApi[],
  namespace?: string,
): Promise<SelectedAppClaim[]> {
  const lists = await Promise.all(
    apis.map(async (api) => {
      const { group, version, claim } = api;
      const path = resourcePath({ group, version, plural: claim.plural }, { namespace });
      const found: SelectedAppClaim[] = [];
      let page: string | undefined;
      do {
        const query: Record<string, string> = { limit: '500', ...(page ? { continue: page } : {}) };
        const list = parseLossless(
          await app.getText(path, { query, timeoutMs: 60_000 }),
        ) as unknown as KubeList<AdoptedObject>;
        found.push(...list.items.map((one) => ({ api, claim: one })));
        page = list.metadata.continue;
      } while (page);
      return found;
    }),
  );
  return lists.flat();
}

/** All claims of these APIs that an archive has, of one namespace or of all. */
export function archivedClaims(
  originals: ArchivedOriginals,
  apis: readonly ClaimApi[],
  namespace?: string,
): SelectedAppClaim[] {
  return apis.flatMap((api) =>
    originals
      .claims({ group: api.group, plural: api.claim.plural })
      .filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace)
      .map((claim) => ({ api, claim })),
  );
}

/** Throws ConnectorError `claim-not-found`. */
export async function readAppClaim(
  app: KubeClient,
  api: ClaimApi,
  namespace: string,
  name: string,
): Promise<SelectedAppClaim> {
  const claim = await readObject(app, claimPath(api, namespace, name));
  if (claim) return { api, claim };
  throw new ConnectorError(
    'claim-not-found',
    `${apiName(api)} "${name}" not found in namespace ${namespace} of the app cluster`,
  );
}
