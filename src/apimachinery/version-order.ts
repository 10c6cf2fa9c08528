const kubeVersion = /^v(\d+)(?:(alpha|beta)(\d+))?$/;

/**
 * Orders versions of a group as Kubernetes does, the preferred one first: v2, v1, v1beta2, v1alpha1, then names of any
 * other form in alphabetical order. To be given to `sort` (apimachinery/pkg/version/helpers.go
 * CompareKubeAwareVersionStrings, with the sign turned round).
 */
export function compareVersions(a: string, b: string): number {
  const left = rankOf(a);
  const right = rankOf(b);
  if (!left || !right) {
    if (left) return -1;
    if (right) return 1;
    return a < b ? -1 : Number(a > b);
  }
  return right.stability - left.stability || right.major - left.major || right.minor - left.minor;
}

interface Rank {
  /** 2 for generally available, 1 for beta, 0 for alpha. */
  stability: number;
  major: number;
  minor: number;
}

function rankOf(version: string): Rank | undefined {
  const match = kubeVersion.exec(version);
  if (!match) return undefined;
  const stability = match[2] === undefined ? 2 : Number(match[2] === 'beta');
  return { stability, major: Number(match[1]), minor: Number(match[3] ?? 0) };
}
