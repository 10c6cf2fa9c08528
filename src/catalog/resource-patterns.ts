/** Which of the control plane's claim APIs are wanted: patterns `<plural>.<group>`, `*.<group>` and `*`. */
export interface ResourcePatterns {
  /** Empty: all. */
  allow: readonly string[];
  deny: readonly string[];
}

export function isConnected(
  { plural, group }: { plural: string; group: string },
  { allow, deny }: ResourcePatterns,
): boolean {
  const matches = (pattern: string): boolean =>
    pattern === '*' || pattern === `*.${group}` || pattern === `${plural}.${group}`;
  return (allow.length === 0 || allow.some(matches)) && !deny.some(matches);
}
