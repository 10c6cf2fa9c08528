/** Which of the control plane's claim APIs are wanted: patterns `<plural>.<group>`, `*.<group>` and `*`. */
export interface ResourcePatterns {
  /** Empty: all. */
  allow: readonly string[];
  deny: readonly string[];
}

export function isConnected(
  resource: { plural: string; group: string },
  { allow, deny }: ResourcePatterns,
): boolean {
  const matches = (pattern: string): boolean => matchesPattern(pattern, resource);
  return (allow.length === 0 || allow.some(matches)) && !deny.some(matches);
}

export function matchesPattern(
  pattern: string,
  { plural, group }: { plural: string; group: string },
): boolean {
  return pattern === '*' || pattern === `*.${group}` || pattern === `${plural}.${group}`;
}
