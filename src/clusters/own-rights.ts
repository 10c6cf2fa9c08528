import type { CallOptions, KubeClient } from './kube-client.ts';

/** authorization.k8s.io/v1 ResourceAttributes; without a namespace it asks about all of them. */
export interface Right {
  verb: string;
  group: string;
  /** With its subresource, as a rule has it: `pods/status`. */
  resource: string;
  namespace?: string;
  /** Of one object; without it, it asks about all of them. */
  name?: string | undefined;
}

/** As a review takes it: the subresource apart, and a version where that matters. */
export type ReviewedRight = Right & { version?: string; subresource?: string | undefined };

export const accessReviewPath = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';

/** What the account of a client may do there, each right asked about once. */
export class OwnRights {
  readonly #client: KubeClient;
  readonly #known = new Map<string, Promise<boolean>>();

  constructor(client: KubeClient) {
    this.#client = client;
  }

  /** Those of `rights` that are missing, in the words of `kubectl auth can-i`. */
  async missing(rights: readonly Right[]): Promise<string[]> {
    const answers = await Promise.all(rights.map((right) => this.has(right)));
    return [...new Set(rights.filter((_, at) => !answers[at]).map(showRight))];
  }

  has(right: Right): Promise<boolean> {
    const key = showRight(right);
    let answer = this.#known.get(key);
    if (!answer) {
      // Apart, so that rules for `*/status` count too (rbac/v1 helpers ResourceMatches).
      const [resource = '', subresource] = right.resource.split('/');
      answer = hasRight(this.#client, { ...right, resource, subresource });
      this.#known.set(key, answer);
    }
    return answer;
  }
}

/** Asks anew each time. */
export async function hasRight(
  client: KubeClient,
  resourceAttributes: ReviewedRight,
  options?: CallOptions,
): Promise<boolean> {
  const review = await client.create<{ status?: { allowed?: boolean } }>(
    accessReviewPath,
    {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes },
    },
    options,
  );
  return review.status?.allowed === true;
}

function showRight({ verb, group, resource, namespace, name }: Right): string {
  const kind = group === '' ? resource : `${resource}.${group}`;
  return `${verb} ${kind}${name === undefined ? '' : `/${name}`}${namespace === undefined ? '' : ` in ${namespace}`}`;
}
