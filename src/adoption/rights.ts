import { OwnRights, type Right } from '../clusters/own-rights.ts';
import type { BothClusters } from './copies.ts';
import type { Member } from './member.ts';

/** What an adoption does in either cluster, right by right; both empty when the accounts may do all of it. */
export async function missingRights(
  { app, controlPlane }: BothClusters,
  members: readonly Member[],
  claimNamespace: string,
): Promise<{ app: string[]; controlPlane: string[] }> {
  const resources = [
    ...new Map(members.map(({ resource }) => [`${resource.plural}.${resource.group}`, resource])).values(),
  ];
  const crds = rightsTo(['get', 'list'], 'apiextensions.k8s.io', 'customresourcedefinitions');
  const [ofApp, ofControlPlane] = await Promise.all([
    new OwnRights(app).missing([
      ...resources.flatMap(({ group, plural }) =>
        rightsTo(['get', 'list', 'patch', 'delete'], group, plural),
      ),
      ...rightsTo(['get', 'list'], '', 'secrets'),
      ...rightsTo(['list'], 'apps', 'deployments'),
      ...crds,
    ]),
    new OwnRights(controlPlane).missing([
      ...resources.flatMap(({ group, plural }) =>
        rightsTo(['get', 'list', 'create', 'patch', 'delete'], group, plural),
      ),
      ...resources.flatMap(({ group, plural }) => rightsTo(['patch'], group, `${plural}/status`)),
      ...rightsTo(['get', 'create'], '', 'secrets'),
      ...rightsTo(['get', 'list', 'create', 'update'], '', 'configmaps', claimNamespace),
      ...rightsTo(['list'], 'apps', 'deployments'),
      ...crds,
    ]),
  ]);
  return { app: ofApp, controlPlane: ofControlPlane };
}

function rightsTo(verbs: readonly string[], group: string, resource: string, namespace?: string): Right[] {
  const where = namespace === undefined ? {} : { namespace };
  return verbs.map((verb) => Object.assign({ verb, group, resource }, where));
}
