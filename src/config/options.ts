/**
 * Every option of `serve` once: the flag, the sentence of `--help`, the default, and the chart value it comes from.
 * Each flag is also read from the environment as MCP_CONNECTOR_<FLAG> (upper case, `_` for `-`); a flag wins.
 */
export interface Option {
  flag: string;
  short?: string;
  /** Absent for a switch. */
  value?: string;
  repeatable?: boolean;
  default?: string;
  /** In charts/mcp-connector/values.yaml. */
  chartValue?: string;
  help: string;
}

export const serveOptions = [
  {
    flag: 'kubeconfig',
    value: 'file',
    help: "kubeconfig of the app cluster; default: as kubectl finds it, else the pod's service account",
  },
  {
    flag: 'control-plane-kubeconfig',
    value: 'file',
    help: 'kubeconfig file of the control plane, in place of the Secret',
  },
  {
    flag: 'control-plane-secret',
    value: 'name',
    chartValue: 'spaces.controlPlane.kubeconfigSecret.name',
    help: "Secret of the connector's namespace that holds the kubeconfig of the control plane",
  },
  {
    flag: 'control-plane-secret-key',
    value: 'key',
    default: 'kubeconfig',
    chartValue: 'spaces.controlPlane.kubeconfigSecret.key',
    help: 'key of that Secret',
  },
  {
    flag: 'upbound-token-secret',
    value: 'name',
    chartValue: 'upbound.tokenSecret.name',
    help: "Secret of the connector's namespace with an API token of the organization, in place of a kubeconfig; under ca.crt it may have the CA of the Space",
  },
  {
    flag: 'upbound-token-secret-key',
    value: 'key',
    default: 'token',
    chartValue: 'upbound.tokenSecret.key',
    help: 'key of that Secret that has the token',
  },
  {
    flag: 'upbound-account',
    value: 'name',
    chartValue: 'upbound.account',
    help: 'organization that the token is of',
  },
  {
    flag: 'upbound-auth-url',
    value: 'url',
    default: 'https://auth.upbound.io',
    chartValue: 'upbound.authURL',
    help: 'where the token is exchanged for one of the Space',
  },
  {
    flag: 'space-host',
    value: 'host',
    chartValue: 'spaces.host',
    help: 'host of the Space that has the control plane',
  },
  {
    flag: 'space-insecure-skip-tls-verify',
    chartValue: 'spaces.insecureSkipTLSVerify',
    help: "do not verify the Space's certificate: whoever is on the way can then read the credential",
  },
  {
    flag: 'control-plane-group',
    value: 'name',
    default: 'default',
    chartValue: 'spaces.controlPlane.group',
    help: 'group of the control plane in that Space',
  },
  {
    flag: 'control-plane-name',
    value: 'name',
    chartValue: 'spaces.controlPlane.name',
    help: 'name of the control plane in that Space',
  },
  {
    flag: 'claim-namespace',
    value: 'namespace',
    chartValue: 'spaces.controlPlane.claimNamespace',
    help: "namespace of the control plane that holds this cluster's claims",
  },
  {
    flag: 'namespace',
    short: 'n',
    value: 'namespace',
    help: 'namespace of the connector in the app cluster; default: that of its pod (POD_NAMESPACE), else kube-system',
  },
  {
    flag: 'release-name',
    value: 'name',
    default: 'mcp-connector',
    help: 'prefix of the Service, the Lease, the certificate Secret and the state ConfigMap',
  },
  {
    flag: 'listen',
    value: 'host:port',
    default: ':10250',
    chartValue: 'containerPort',
    help: 'address to serve on',
  },
  {
    flag: 'external-host',
    value: 'host',
    help: 'host under which kube-apiserver reaches the connector when it runs outside the cluster; a Service of type ExternalName is made for it',
  },
  { flag: 'external-port', value: 'port', help: 'port at the external host; default: the listening port' },
  {
    flag: 'service-port',
    value: 'port',
    default: '443',
    help: 'port of the Service that the APIServices name',
  },
  {
    flag: 'cluster-id',
    value: 'id',
    chartValue: 'clusterID',
    help: 'what tells app clusters apart on the control plane; default: the UID of kube-system',
  },
  {
    flag: 'allow',
    value: 'pattern',
    repeatable: true,
    chartValue: 'connect.allow',
    help: 'connect only these resources: <plural>.<group>, *.<group> or *',
  },
  {
    flag: 'deny',
    value: 'pattern',
    repeatable: true,
    chartValue: 'connect.deny',
    help: 'do not connect these resources, whatever --allow says',
  },
  {
    flag: 'allow-resource-ref',
    chartValue: 'connect.allowResourceRef',
    help: 'let users set spec.resourceRef of a claim, and so bind it to any composite resource of its kind that nobody has claimed',
  },
  {
    flag: 'namespace-deletion',
    value: 'pattern=policy',
    repeatable: true,
    chartValue: 'namespaceDeletion',
    help: 'what becomes of the claims of these resources when their namespace is deleted: delete, orphan (they stay on the control plane) or block (the namespace stays); the first pattern that matches counts; default: delete',
  },
  {
    flag: 'owner-cluster-role',
    value: 'name',
    help: 'ClusterRole that owns the APIServices, so that they go when the manifests are deleted',
  },
  {
    flag: 'take-over',
    value: 'namespace/service',
    chartValue: 'takeOver',
    help: 'take over the APIServices that lead to this Service of another installation, for group versions that are connected',
  },
  {
    flag: 'rebind',
    chartValue: 'rebind',
    help: 'accept another control plane, claim namespace or cluster ID than the one recorded in the state ConfigMap',
  },
  {
    flag: 'shutdown-delay-duration',
    value: 'duration',
    default: '0s',
    chartValue: 'shutdownDelayDuration',
    help: 'how long to go on serving after SIGTERM, with /readyz failing, so that API servers learn that this replica leaves',
  },
  {
    flag: 'max-requests-inflight',
    value: 'number',
    default: '400',
    chartValue: 'limits.maxRequestsInflight',
    help: 'how many requests may be under way at once, watches left out; more are answered with 429; 0 for no limit. A tenth is kept for the controllers of the cluster',
  },
  {
    flag: 'max-requests-inflight-per-user',
    value: 'number',
    default: '100',
    chartValue: 'limits.maxRequestsInflightPerUser',
    help: 'how many of them may be of one user; 0 for no limit',
  },
  {
    flag: 'max-watches',
    value: 'number',
    default: '2000',
    chartValue: 'limits.maxWatches',
    help: 'how many watches may be open at once; more are answered with 429; 0 for no limit. A tenth is kept for the controllers of the cluster',
  },
  {
    flag: 'max-watches-per-user',
    value: 'number',
    default: '500',
    chartValue: 'limits.maxWatchesPerUser',
    help: 'how many of them may be of one user; 0 for no limit',
  },
  {
    flag: 'watch-write-timeout',
    value: 'duration',
    default: '3m',
    chartValue: 'limits.watchWriteTimeout',
    help: 'when to end a watch whose reader takes nothing of what waits for it',
  },
  {
    flag: 'log-level',
    value: 'level',
    default: 'info',
    chartValue: 'logLevel',
    help: 'debug, info, warn or error',
  },
  {
    flag: 'audit-log-path',
    value: 'file',
    chartValue: 'audit.logPath',
    help: 'file to append one line of JSON per request to, in the form of audit.k8s.io/v1; - for standard output; default: none',
  },
  {
    flag: 'tracing-endpoint',
    value: 'url',
    chartValue: 'tracing.endpoint',
    help: 'OTLP/HTTP receiver for spans, such as http://collector.monitoring.svc:4318; default: none, and traces of others are passed on',
  },
  {
    flag: 'tracing-sampling-rate-per-million',
    value: 'number',
    default: '0',
    chartValue: 'tracing.samplingRatePerMillion',
    help: 'of a million requests that come without a trace, how many begin one; those with a trace are sampled as it says',
  },
] as const satisfies readonly Option[];

export function environmentName(flag: string): string {
  return `MCP_CONNECTOR_${flag.toUpperCase().replaceAll('-', '_')}`;
}
