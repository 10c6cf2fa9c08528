/** Where the way to the control plane comes from: a kubeconfig in a file or a Secret, or the token of an organization. */
export type ControlPlaneWay =
  | { kubeconfigFile: string }
  | { secretName: string; secretKey: string }
  | { space: SpaceWay };

export interface SpaceWay {
  tokenSecretName: string;
  tokenSecretKey: string;
  account: string;
  authUrl: string;
  host: string;
  group: string;
  name: string;
  insecureSkipTlsVerify: boolean;
}

interface Given {
  text: (flag: string) => string | undefined;
  isSet: (flag: string) => boolean;
  /** Given as a flag, and not by the environment. */
  isFlag: (flag: string) => boolean;
}

const label = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;

/** Undefined where `faults` got one. A kubeconfig wins over a token. */
export function controlPlaneWay(
  { text, isSet, isFlag }: Given,
  faults: string[],
): ControlPlaneWay | undefined {
  const kubeconfigFile = text('control-plane-kubeconfig');
  const secretName = text('control-plane-secret');
  const tokenSecretName = text('upbound-token-secret');
  if (kubeconfigFile !== undefined && isFlag('control-plane-secret'))
    faults.push('--control-plane-secret and --control-plane-kubeconfig exclude each other: give one of them');
  if (kubeconfigFile !== undefined) return { kubeconfigFile };
  if (secretName !== undefined) return { secretName, secretKey: text('control-plane-secret-key') as string };
  if (tokenSecretName === undefined) {
    faults.push(
      '--control-plane-secret or --control-plane-kubeconfig is needed: it says where the control plane is (--upbound-token-secret for one in a Space)',
    );
    return undefined;
  }
  const needed = (flag: string, what: string): string => {
    const value = text(flag);
    if (value === undefined) faults.push(`--${flag} is needed with a token: ${what}`);
    return value ?? '';
  };
  const space: SpaceWay = {
    tokenSecretName,
    tokenSecretKey: text('upbound-token-secret-key') as string,
    account: needed('upbound-account', 'the organization that it is of'),
    authUrl: text('upbound-auth-url') as string,
    host: needed('space-host', 'the host of the Space'),
    group: text('control-plane-group') as string,
    name: needed('control-plane-name', 'the name of the control plane in the Space'),
    insecureSkipTlsVerify: isSet('space-insecure-skip-tls-verify'),
  };
  if (!/^https:$/.test(URL.parse(space.authUrl)?.protocol ?? ''))
    faults.push(`--upbound-auth-url: "${space.authUrl}" is no https URL`);
  if (space.host !== '' && !/^[A-Za-z0-9.-]+(:\d+)?$/.test(space.host))
    faults.push(`--space-host: "${space.host}" is no host name: give it without a scheme and a path`);
  for (const [flag, value] of [
    ['control-plane-group', space.group],
    ['control-plane-name', space.name],
  ] as const)
    if (value !== '' && !label.test(value)) faults.push(`--${flag}: "${value}" is no name`);
  return { space };
}
