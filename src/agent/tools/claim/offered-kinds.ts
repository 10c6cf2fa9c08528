import type { Resource } from '../../cluster/cluster-api.ts';
import { nearestNames } from '../nearest-names.ts';
import { ToolError } from '../tool-error.ts';
import type { ToolCall } from '../tool.ts';

/** `claim`: what people of an app cluster write; `composite`: what Crossplane composes. */
export type Offer = 'claim' | 'composite';

export interface OfferedKind extends Resource {
  categories: readonly string[];
}

/**
 * The kinds that XRDs offer, by the categories that Crossplane gives them. Namespaced XRs of Crossplane 2 have no claims: an app
 * cluster writes them itself, so that for a connection they count as claims.
 */
export async function offeredKinds({ kinds, connection }: ToolCall, offer: Offer): Promise<OfferedKind[]> {
  const all = await kinds.all();
  const found = all.filter(({ namespaced, categories }) => {
    const isClaim = namespaced && categories.includes('claim');
    const isComposite = categories.includes('composite') && !isClaim;
    const isWritten = connection !== undefined && isComposite && namespaced;
    return offer === 'claim' ? isClaim || isWritten : isComposite && !isWritten;
  });
  return found.toSorted((a, b) => (fullName(a) < fullName(b) ? -1 : 1));
}

/** `Database`, `databases`, or either with the group behind a dot. Throws ToolError `not_found`, or `invalid` where it is many. */
export async function offeredKind(call: ToolCall, offer: Offer, wanted: string): Promise<OfferedKind> {
  let found = matching(await offeredKinds(call, offer), wanted);
  if (found.length === 0) {
    // XRDs bring kinds that discovery was asked for too early.
    call.kinds.forget();
    found = matching(await offeredKinds(call, offer), wanted);
  }
  const [first] = found;
  if (first && found.length === 1) return first;
  if (first)
    throw new ToolError('invalid', `${wanted} is the kind of several groups`, {
      hint: `write one of ${found.map(fullName).join(', ')}`,
      details: { field: 'kind' },
    });
  const offered = await offeredKinds(call, offer);
  const nearest = nearestNames(wanted, [...new Set(offered.map(({ kind }) => kind))]);
  const near = nearest.flatMap((kind) => offered.filter((one) => one.kind === kind).map(fullName));
  const what = offer === 'claim' ? 'claims' : 'composite resources';
  throw new ToolError('not_found', `this control plane offers no ${what} of the kind ${wanted}`, {
    hint: near.length > 0 ? `did you mean ${near.join(', ')}?` : 'list_xrds shows what there is',
    details: { field: 'kind' },
  });
}

function matching(kinds: readonly OfferedKind[], wanted: string): OfferedKind[] {
  const plain = wanted.toLowerCase();
  return kinds.filter(({ kind, plural, group }) =>
    [kind, plural, `${kind}.${group}`, `${plural}.${group}`].some((name) => name.toLowerCase() === plain),
  );
}

function fullName({ kind, group }: Resource): string {
  return `${kind}.${group}`;
}
