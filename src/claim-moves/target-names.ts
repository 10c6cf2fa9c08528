import type { Place } from './claim-object.ts';

/** What names are made of. */
export interface NamedClaim extends Place {
  /** `<plural>.<group>` */
  resource: string;
  /** As the users of an app cluster call it; its own name and namespace where it is of none. */
  app: Place;
}

/** Longest name of a claim: it becomes a label value. */
const longest = 63;

/** `{name}` and `{namespace}` are the users' own, `{id}` the name the claim has on the control plane. */
export function nameByPattern(pattern: string, { name, app }: NamedClaim): string {
  const parts: Record<string, string> = { name: app.name, namespace: app.namespace, id: name };
  return pattern.replaceAll(/\{(\w+)\}/g, (whole, part: string) => parts[part] ?? whole);
}

/** Placeholders that a pattern has and nobody knows. */
export function unknownPlaceholders(pattern: string): string[] {
  return [...pattern.matchAll(/\{(\w*)\}/g)]
    .map(([, part = '']) => part)
    .filter((part) => !['name', 'namespace', 'id'].includes(part));
}

/** Why a claim cannot be called so; undefined where it can. */
export function nameFault(name: string): string | undefined {
  if (name.length > longest)
    return `the name ${name} has ${name.length} characters, and claims have ${longest} at most`;
  if (!/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(name))
    return `"${name}" is no name: lower-case letters, digits, "-" and "." only`;
  return undefined;
}

/**
 * A name for each claim, in the order given: by the pattern, or the one it has where that would be another claim's too. All of
 * those that would share a name keep theirs, so that it does not matter who comes first. `taken`: `<resource>/<name>`.
 */
export function namesWithoutCollisions(
  claims: readonly NamedClaim[],
  pattern: string,
  taken: ReadonlySet<string>,
): string[] {
  const wanted = claims.map((claim) => nameByPattern(pattern, claim));
  const counts = new Map<string, number>();
  for (const [at, claim] of claims.entries()) {
    const key = `${claim.resource}/${wanted[at]}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return claims.map((claim, at) => {
    const name = wanted[at] as string;
    const key = `${claim.resource}/${name}`;
    return counts.get(key) === 1 && !taken.has(key) && nameFault(name) === undefined ? name : claim.name;
  });
}
