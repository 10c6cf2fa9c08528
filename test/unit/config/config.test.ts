import { describe, expect, it } from '@jest/globals';
import { ConnectorError } from '../../../src/base/errors.ts';
import { completeConfig, type Config, type Flags } from '../../../src/config/config.ts';
import { environmentName, serveOptions } from '../../../src/config/options.ts';

const needed: Flags = { controlPlaneSecret: 'control-plane', claimNamespace: 'app-cluster-1' };

function complete(flags: Flags = {}, environment: Record<string, string> = {}): Config {
  return completeConfig({ ...needed, ...flags }, environment);
}

/** As commander names a flag's value. */
function keyOf(flag: string): string {
  return flag.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** The sentences about what is wrong; empty when nothing is. */
function faultsOf(flags: Flags, environment: Record<string, string> = {}): string[] {
  try {
    completeConfig(flags, environment);
    return [];
  } catch (error) {
    if (!(error instanceof ConnectorError) || error.code !== 'configuration-invalid') throw error;
    return error.message.split('; ');
  }
}

describe('defaults', () => {
  it('are those of the options where nothing but the control plane and the claim namespace is given', () => {
    expect(complete({}, { POD_NAME: 'connector-0' })).toEqual({
      kubeconfig: undefined,
      controlPlane: { secretName: 'control-plane', secretKey: 'kubeconfig' },
      claimNamespace: 'app-cluster-1',
      namespace: 'kube-system',
      releaseName: 'mcp-connector',
      listen: { host: undefined, port: 10250 },
      external: undefined,
      servicePort: 443,
      clusterID: undefined,
      allow: [],
      deny: [],
      allowResourceRef: false,
      namespaceDeletion: [],
      ownerClusterRole: undefined,
      rebind: false,
      shutdownDelayMs: 0,
      requestsInflight: { total: 400, perUser: 100 },
      watches: { total: 2_000, perUser: 500 },
      watchWriteTimeoutMs: 180_000,
      logLevel: 'info',
      auditLogPath: undefined,
      tracing: undefined,
      environmentProxy: false,
      identity: `connector-0_${process.pid}`,
    });
  });

  it('of the namespace is that of the pod', () => {
    expect(complete({}, { POD_NAMESPACE: 'platform' }).namespace).toBe('platform');
  });
});

describe('a flag', () => {
  const values: [flag: string, key: keyof Config, flagValue: string, envValue: string][] = [
    ['kubeconfig', 'kubeconfig', 'flag.yaml', 'env.yaml'],
    ['claim-namespace', 'claimNamespace', 'from-flag', 'from-env'],
    ['namespace', 'namespace', 'from-flag', 'from-env'],
    ['release-name', 'releaseName', 'from-flag', 'from-env'],
    ['cluster-id', 'clusterID', 'from-flag', 'from-env'],
    ['owner-cluster-role', 'ownerClusterRole', 'from-flag', 'from-env'],
    ['log-level', 'logLevel', 'debug', 'warn'],
  ];

  it.each(values)(
    '--%s wins over its environment variable, which wins over the default',
    (flag, key, ...given) => {
      const [flagValue, envValue] = given;
      const environment = { [environmentName(flag)]: envValue };
      const others = Object.fromEntries(Object.entries(needed).filter(([name]) => name !== keyOf(flag)));
      expect(completeConfig({ ...others, [keyOf(flag)]: flagValue }, environment)[key]).toBe(flagValue);
      expect(completeConfig(others, environment)[key]).toBe(envValue);
    },
  );

  it('of ports wins too, and numbers come out of both', () => {
    const environment = {
      MCP_CONNECTOR_SERVICE_PORT: '8443',
      MCP_CONNECTOR_EXTERNAL_HOST: 'env.example.org',
      MCP_CONNECTOR_EXTERNAL_PORT: '9443',
      MCP_CONNECTOR_LISTEN: '127.0.0.1:7443',
    };
    const fromEnvironment = complete({}, environment);
    expect(fromEnvironment.servicePort).toBe(8443);
    expect(fromEnvironment.external).toEqual({ host: 'env.example.org', port: 9443 });
    expect(fromEnvironment.listen).toEqual({ host: '127.0.0.1', port: 7443 });
    const fromFlags = complete(
      { servicePort: '444', externalHost: 'flag.example.org', externalPort: '445', listen: '[::1]:446' },
      environment,
    );
    expect(fromFlags.servicePort).toBe(444);
    expect(fromFlags.external).toEqual({ host: 'flag.example.org', port: 445 });
    expect(fromFlags.listen).toEqual({ host: '::1', port: 446 });
  });

  it('that may be repeated replaces the list of the environment', () => {
    const environment = { MCP_CONNECTOR_ALLOW: 'a.example.org, b.example.org\n*.c.example.org' };
    expect(complete({ allow: [] }, environment).allow).toEqual([
      'a.example.org',
      'b.example.org',
      '*.c.example.org',
    ]);
    expect(complete({ allow: ['*'] }, environment).allow).toEqual(['*']);
  });

  it('--namespace wins over that of the pod', () => {
    expect(complete({ namespace: 'kube-system' }, { POD_NAMESPACE: 'platform' }).namespace).toBe(
      'kube-system',
    );
    expect(complete({}, { MCP_CONNECTOR_NAMESPACE: 'env', POD_NAMESPACE: 'platform' }).namespace).toBe('env');
  });

  it.each([
    ['rebind', 'MCP_CONNECTOR_REBIND'],
    ['allowResourceRef', 'MCP_CONNECTOR_ALLOW_RESOURCE_REF'],
  ] as const)('%s is a switch, and the word true in the environment', (key, variable) => {
    expect(complete({ [key]: true })[key]).toBe(true);
    expect(complete({}, { [variable]: 'true' })[key]).toBe(true);
    expect(complete({}, { [variable]: 'false' })[key]).toBe(false);
  });
});

describe('the control plane', () => {
  it('is named by a Secret and its key, or by a file', () => {
    const environment = {
      MCP_CONNECTOR_CONTROL_PLANE_SECRET: 'env',
      MCP_CONNECTOR_CONTROL_PLANE_SECRET_KEY: 'config',
    };
    const flags = { claimNamespace: 'app-cluster-1' };
    expect(completeConfig(flags, environment).controlPlane).toEqual({
      secretName: 'env',
      secretKey: 'config',
    });
    expect(completeConfig({ ...flags, controlPlaneKubeconfig: 'cp.yaml' }, environment).controlPlane).toEqual(
      {
        kubeconfigFile: 'cp.yaml',
      },
    );
  });

  it.each(['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'])('is behind a proxy with %s', (name) => {
    expect(complete({}, { [name]: 'http://proxy:3128' }).environmentProxy).toBe(true);
    expect(complete({}, { [name]: '' }).environmentProxy).toBe(false);
  });
});

describe('a fault', () => {
  const secret = { controlPlaneSecret: 'control-plane' };
  const namespace = { claimNamespace: 'app-cluster-1' };

  it.each<[title: string, flags: Flags, sentence: string]>([
    [
      'no control plane',
      namespace,
      '--control-plane-secret or --control-plane-kubeconfig is needed: it says where the control plane is (--upbound-token-secret for one in a Space)',
    ],
    [
      'two control planes',
      { ...secret, ...namespace, controlPlaneKubeconfig: 'cp.yaml' },
      '--control-plane-secret and --control-plane-kubeconfig exclude each other: give one of them',
    ],
    [
      'no claim namespace',
      secret,
      "--claim-namespace is needed: it names the namespace of the control plane that holds this cluster's claims",
    ],
    [
      'a claim namespace that cannot be',
      { ...secret, claimNamespace: 'App_1' },
      '--claim-namespace: "App_1" is no namespace name',
    ],
    [
      'a claim namespace that is too long',
      { ...secret, claimNamespace: 'a'.repeat(64) },
      `--claim-namespace: "${'a'.repeat(64)}" is no namespace name`,
    ],
    [
      'an address without a port',
      { ...needed, listen: 'localhost' },
      '--listen: "localhost" is not of the form host:port',
    ],
    [
      'a log level of another program',
      { ...needed, logLevel: 'trace' },
      '--log-level: "trace" is none of debug, info, warn, error',
    ],
    [
      'a cluster ID that no label holds',
      { ...needed, clusterId: 'a/b' },
      '--cluster-id: "a/b" cannot be a label value (at most 63 letters, digits, "-", "_" and ".")',
    ],
    [
      'a cluster ID that is too long',
      { ...needed, clusterId: 'a'.repeat(64) },
      `--cluster-id: "${'a'.repeat(64)}" cannot be a label value (at most 63 letters, digits, "-", "_" and ".")`,
    ],
    [
      'a pattern to allow',
      { ...needed, allow: ['data*'] },
      '--allow: "data*" is none of <plural>.<group>, *.<group> and *',
    ],
    [
      'a policy for namespaces',
      { ...needed, namespaceDeletion: ['*.example.org=orphan', 'buckets.example.org=keep'] },
      '--namespace-deletion: "buckets.example.org=keep" is not of the form <pattern>=<policy>, with a pattern as in --allow and delete, orphan, block for the policy',
    ],
    [
      'a pattern to deny',
      { ...needed, deny: ['*.*'] },
      '--deny: "*.*" is none of <plural>.<group>, *.<group> and *',
    ],
    ['an external port', { ...needed, externalPort: '65536' }, '--external-port: "65536" is no port'],
    ['a service port', { ...needed, servicePort: 'https' }, '--service-port: "https" is no port'],
  ])('is named: %s', (_title, flags, sentence) => {
    expect(faultsOf(flags)).toEqual([sentence]);
  });

  it('of the environment is named as that of a flag', () => {
    expect(faultsOf(needed, { MCP_CONNECTOR_SERVICE_PORT: '-1' })).toEqual([
      '--service-port: "-1" is no port',
    ]);
    expect(faultsOf(needed, { MCP_CONNECTOR_DENY: 'a.example.org DB' })).toEqual([
      '--deny: "DB" is none of <plural>.<group>, *.<group> and *',
    ]);
  });

  it('does not hide the others', () => {
    expect(faultsOf({ logLevel: 'loud', listen: 'nowhere' })).toHaveLength(4);
  });
});

describe('an option', () => {
  it('is called the same in the environment, in capitals', () => {
    expect(environmentName('control-plane-secret-key')).toBe('MCP_CONNECTOR_CONTROL_PLANE_SECRET_KEY');
  });

  it('has a flag of its own', () => {
    const flags = serveOptions.map(({ flag }) => flag);
    expect(new Set(flags).size).toBe(flags.length);
  });
});

describe('a duration', () => {
  it.each([
    ['0', 0],
    ['0s', 0],
    ['250ms', 250],
    ['10s', 10_000],
    ['1m30s', 90_000],
    ['1.5h', 5_400_000],
  ])('of %s is read as Go reads it', (text, ms) => {
    expect(complete({ shutdownDelayDuration: text }).shutdownDelayMs).toBe(ms);
  });

  it.each(['10', '-1s', 's', '1d', '10 s'])('of %s is refused', (text) => {
    expect(faultsOf({ ...needed, shutdownDelayDuration: text })).toEqual([
      `--shutdown-delay-duration: "${text}" is no duration such as 10s or 1m30s`,
    ]);
  });
});

describe('a limit', () => {
  it('is a number, and 0 for none', () => {
    expect(complete({ maxRequestsInflight: '0', maxRequestsInflightPerUser: '7' }).requestsInflight).toEqual({
      total: 0,
      perUser: 7,
    });
  });

  it.each(['-1', '1.5', 'many', '1e3'])('of %s is refused', (text) => {
    expect(faultsOf({ ...needed, maxWatches: text })).toEqual([
      `--max-watches: "${text}" is no number of requests`,
    ]);
  });

  it('of 0 is no time to wait for a reader', () => {
    expect(faultsOf({ ...needed, watchWriteTimeout: '0s' })).toEqual([
      '--watch-write-timeout: "0s" is no duration such as 3m or 90s',
    ]);
  });
});

describe('a value that cannot be meant', () => {
  it('an empty value counts as none, so that a template may leave a variable empty', () => {
    const environment = { MCP_CONNECTOR_RELEASE_NAME: '', MCP_CONNECTOR_LISTEN: '', POD_NAMESPACE: '' };
    const config = complete({}, environment);
    expect([config.releaseName, config.listen.port, config.namespace]).toEqual([
      'mcp-connector',
      10250,
      'kube-system',
    ]);
  });

  it('an empty flag does not hide the environment', () => {
    expect(complete({ releaseName: '' }, { MCP_CONNECTOR_RELEASE_NAME: 'env' }).releaseName).toBe('env');
  });

  it('the environment names kube-system although the pod is elsewhere', () => {
    const environment = { MCP_CONNECTOR_NAMESPACE: 'kube-system', POD_NAMESPACE: 'platform' };
    expect(complete({}, environment).namespace).toBe('kube-system');
  });

  it('a port to listen on that cannot be is named', () => {
    expect(faultsOf({ ...needed, listen: ':99999' })).toEqual(['--listen: "99999" is no port']);
  });

  it('a pattern without a group is named: it would match nothing', () => {
    expect(faultsOf({ ...needed, allow: ['databases'] })).toEqual([
      '--allow: "databases" is none of <plural>.<group>, *.<group> and *',
    ]);
  });

  it('a release name that no Service can have is named', () => {
    expect(faultsOf({ ...needed, releaseName: 'My_Release' })).toEqual([
      '--release-name: "My_Release" is no name of a Service',
    ]);
  });

  it('a receiver of spans is a URL, and of a million requests no more than that begin a trace', () => {
    const flags = { tracingEndpoint: 'collector:4318', tracingSamplingRatePerMillion: '1000001' };
    expect(faultsOf({ ...needed, ...flags })).toEqual([
      '--tracing-endpoint: "collector:4318" is no http or https URL',
      '--tracing-sampling-rate-per-million: "1000001" is not between 0 and 1000000',
    ]);
    expect(complete({}).tracing).toBeUndefined();
    expect(complete({ tracingEndpoint: 'http://collector:4318' }).tracing).toEqual({
      endpoint: 'http://collector:4318',
      samplingRatePerMillion: 0,
    });
  });

  it('port 0 is for listening only', () => {
    expect(faultsOf({ ...needed, servicePort: '0' })).toEqual(['--service-port: "0" is no port']);
  });
});
