import type { Secret } from '../apimachinery/objects.ts';
import { appPlaceOf, type SelectedClaim } from '../claim-moves/selection.ts';
import { secretPath } from '../clusters/api-paths.ts';
import { absentOrThrow, type KubeClient } from '../clusters/kube-client.ts';
import { connectionSecretAnnotation } from '../mapping/identity.ts';
import { deliveredFor, type Dependent, type IsClaim } from './dependents.ts';

const secrets = { group: '', version: 'v1', plural: 'secrets', kind: 'Secret', namespaced: true, verbs: [] };

/** The connection Secrets in the app cluster, found by the claims they are of: for an account that may not list Secrets. */
export async function secretsOf(
  app: KubeClient,
  claims: readonly SelectedClaim[],
  isClaim: IsClaim,
): Promise<Dependent[]> {
  const found: Dependent[] = [];
  for (const { claim } of claims) {
    const stored = claim.spec?.writeConnectionSecretToRef?.name;
    if (stored === undefined) continue;
    const name = claim.metadata.annotations?.[connectionSecretAnnotation] ?? stored;
    const { namespace } = appPlaceOf(claim);
    const secret = await app.get<Secret>(secretPath(namespace, name)).catch(absentOrThrow);
    const owners = (secret?.metadata.ownerReferences ?? []).filter(isClaim);
    if (!secret || owners.length === 0) continue;
    found.push({
      resource: secrets,
      namespace,
      name,
      owners: owners.map(({ kind, name: owner }) => `${kind} ${owner}`),
      ...deliveredFor(secret.metadata, owners),
    });
  }
  return found;
}
