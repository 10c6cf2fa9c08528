import path from 'node:path';

/** File names below a cluster's data folder are those that lab-cluster.ts writes. */

export function etcdArgs(dataDir: string, port: number, peerPort: number): string[] {
  const client = `http://127.0.0.1:${port}`;
  const peer = `http://127.0.0.1:${peerPort}`;
  return [
    ...flag('data-dir', path.join(dataDir, 'etcd')),
    ...flag('listen-client-urls', client),
    ...flag('advertise-client-urls', client),
    ...flag('listen-peer-urls', peer),
    ...flag('initial-advertise-peer-urls', peer),
    ...flag('initial-cluster', `default=${peer}`),
    ...flag('log-level', 'warn'),
    '--unsafe-no-fsync',
  ];
}

export interface ApiServerPlace {
  dataDir: string;
  address: string;
  port: number;
  etcdUrl: string;
}

export function apiServerArgs({ dataDir, address, port, etcdUrl }: ApiServerPlace): string[] {
  const file = (name: string): string => path.join(dataDir, name);
  return [
    ...flag('etcd-servers', etcdUrl),
    ...flag('bind-address', address),
    ...flag('advertise-address', address),
    ...flag('secure-port', String(port)),
    ...flag('tls-cert-file', file('serving.crt')),
    ...flag('tls-private-key-file', file('serving.key')),
    ...flag('client-ca-file', file('ca.crt')),
    ...flag('authorization-mode', 'RBAC'),
    ...flag('allow-privileged', 'true'),
    ...flag('service-cluster-ip-range', '10.96.0.0/16'),
    // Without nodes nothing could reach endpoints of the kubernetes Service.
    ...flag('endpoint-reconciler-type', 'none'),
    ...flag('service-account-issuer', 'https://kubernetes.default.svc.cluster.local'),
    ...flag('service-account-key-file', file('service-accounts.pub')),
    ...flag('service-account-signing-key-file', file('service-accounts.key')),
    ...flag('requestheader-client-ca-file', file('front-proxy-ca.crt')),
    ...flag('requestheader-allowed-names', 'front-proxy-client'),
    ...flag('requestheader-username-headers', 'X-Remote-User'),
    ...flag('requestheader-group-headers', 'X-Remote-Group'),
    ...flag('requestheader-extra-headers-prefix', 'X-Remote-Extra-'),
    ...flag('proxy-client-cert-file', file('front-proxy-client.crt')),
    ...flag('proxy-client-key-file', file('front-proxy-client.key')),
  ];
}

/** Those that keep namespaces, owners, quotas, accounts and roles true; none of nodes and pods. */
const controllers = [
  'clusterrole-aggregation-controller',
  'endpoints-controller',
  'endpointslice-controller',
  'garbage-collector-controller',
  'namespace-controller',
  'resourcequota-controller',
  'root-ca-certificate-publisher-controller',
  'serviceaccount-controller',
  'serviceaccount-token-controller',
];

export function controllerManagerArgs(dataDir: string): string[] {
  const file = (name: string): string => path.join(dataDir, name);
  return [
    ...flag('kubeconfig', file('controller-manager.kubeconfig')),
    ...flag('controllers', controllers.join(',')),
    ...flag('root-ca-file', file('ca.crt')),
    ...flag('service-account-private-key-file', file('service-accounts.key')),
    ...flag('use-service-account-credentials', 'true'),
    ...flag('leader-elect', 'false'),
    ...flag('kube-api-qps', '200'),
    ...flag('kube-api-burst', '400'),
    // No HTTPS of its own: nobody asks it, and it would make a certificate first.
    ...flag('secure-port', '0'),
  ];
}

function flag(name: string, value: string): string[] {
  return [`--${name}=${value}`];
}
