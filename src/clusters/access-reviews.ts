import type { KubeClient } from './kube-client.ts';

/** One right; `namespace` absent: in all of the cluster. */
export interface Right {
  verb: string;
  group: string;
  resource: string;
  subresource?: string;
  namespace?: string;
  name?: string;
}

/** Those of the rights that the client's user has not, by SelfSubjectAccessReview. */
export async function missingRights(client: KubeClient, rights: readonly Right[]): Promise<Right[]> {
  const answers = await Promise.all(
    rights.map(async (right) => ({ right, has: await hasRight(client, right) })),
  );
  return answers.filter(({ has }) => !has).map(({ right }) => right);
}

/** `create deployments.apps in kube-system` */
export function nameOfRight({ verb, group, resource, subresource, namespace, name }: Right): string {
  const kind = `${resource}${subresource ? `/${subresource}` : ''}${group ? `.${group}` : ''}${name ? `/${name}` : ''}`;
  return `${verb} ${kind}${namespace ? ` in ${namespace}` : ''}`;
}

async function hasRight(client: KubeClient, right: Right): Promise<boolean> {
  const { status } = await client.create<{ status?: { allowed?: boolean } }>(
    '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
    {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes: right },
    },
  );
  return status?.allowed === true;
}
