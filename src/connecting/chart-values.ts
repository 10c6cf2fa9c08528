/** The effective values of the chart, as far as an installation has to know them. */
export interface ChartValues {
  upbound: {
    account: string;
    token: string;
    tokenSecret: { name: string; key: string };
    authURL: string;
  };
  spaces: {
    host: string;
    insecureSkipTLSVerify: boolean;
    controlPlane: {
      name: string;
      group: string;
      claimNamespace: string;
      kubeconfigSecret: { name: string; key: string };
    };
  };
  clusterID: string;
  connect: { allow: string[]; deny: string[] };
  rebind: boolean;
  rbac: { groups: { group: string; resources: string[] }[] };
}

type Values = Record<string, unknown>;

/** As Helm merges values: maps by key, everything else whole; null takes a key away. */
export function mergeValues(base: Values, over: Values): Values {
  const merged: Values = { ...base };
  for (const [key, value] of Object.entries(over)) {
    if (value === null) delete merged[key];
    else merged[key] = isMap(value) && isMap(merged[key]) ? mergeValues(merged[key], value) : value;
  }
  return merged;
}

function isMap(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
