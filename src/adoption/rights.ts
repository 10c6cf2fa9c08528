import type { KubeClient } from '../clusters/kube-client.ts';
import { OwnRights, type Right } from '../clusters/own-rights.ts';
import type { BothClusters } from './copies.ts';
import type { Member } from './member.ts';

/** What an adoption does in either cluster, right by right; both empty when the accounts may do all of it. */
export async function missingRights(
  { app, controlPlane }: BothClusters,
  members: readonly Member[],
  claimNamespace: string,
  isFromArchive: boolean,
): Promise<{ app: string[]; controlPlane: string[] }> {
  const resources = resourcesOf(members);
  const crds = rightsTo(['get', 'list'], 'apiextensions.k8s.io', 'customresourcedefinitions');
  const [ofApp, ofControlPlane] = await Promise.all([
    new OwnRights(app).missing(
      isFromArchive
        ? resources.flatMap(({ group, plural }) => rightsTo(['get'], group, plural))
        : [
            ...resources.flatMap(({ group, plural }) =>
              rightsTo(['get', 'list', 'patch', 'delete'], group, plural),
            ),
            ...rightsTo(['get', 'list'], '', 'secrets'),
            ...rightsTo(['list'], 'apps', 'deployments'),
            ...crds,
          ],
    ),
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

/** What an undo after the end does in the app cluster, besides what the adoption has done there. */
export async function missingRestoreRights(app: KubeClient, members: readonly Member[]): Promise<string[]> {
  const resources = resourcesOf(members);
  return await new OwnRights(app).missing([
    ...resources.flatMap(({ group, plural }) => rightsTo(['get', 'create', 'patch'], group, plural)),
    ...resources.flatMap(({ group, plural }) => rightsTo(['patch'], group, `${plural}/status`)),
    ...rightsTo(['get', 'create', 'patch'], '', 'secrets'),
    ...rightsTo(['get', 'create'], 'apiextensions.crossplane.io', 'compositeresourcedefinitions'),
    ...rightsTo(['get'], 'apiextensions.crossplane.io', 'compositionrevisions'),
    ...rightsTo(['get'], 'apiregistration.k8s.io', 'apiservices'),
  ]);
}

function resourcesOf(members: readonly Member[]): Member['resource'][] {
  return [
    ...new Map(members.map(({ resource }) => [`${resource.plural}.${resource.group}`, resource])).values(),
  ];
}

function rightsTo(verbs: readonly string[], group: string, resource: string, namespace?: string): Right[] {
  const where = namespace === undefined ? {} : { namespace };
  return verbs.map((verb) => Object.assign({ verb, group, resource }, where));
}
