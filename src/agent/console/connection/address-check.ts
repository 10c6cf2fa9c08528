import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import { type Check, failed, ok } from '../../../connecting/check.ts';

/** Where clouds tell a machine its credentials. No API server is there, and the console must not be the way to them. */
const metadata = new BlockList();
metadata.addSubnet('169.254.0.0', 16, 'ipv4');
metadata.addSubnet('fe80::', 10, 'ipv6');
metadata.addSubnet('fd00:ec2::', 32, 'ipv6');
metadata.addAddress('100.100.100.200', 'ipv4');
metadata.addAddress('168.63.129.16', 'ipv4');
metadata.addAddress('0.0.0.0', 'ipv4');
metadata.addAddress('::', 'ipv6');

export type Lookup = (host: string) => Promise<readonly { address: string; family: number }[]>;

const systemLookup: Lookup = (host) => lookup(host, { all: true });

/** Whether a control plane may be at an address, before anything is sent there. */
export async function addressCheck(url: URL, resolve: Lookup = systemLookup): Promise<Check> {
  const subject = 'Address';
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (url.protocol !== 'https:')
    return failed(subject, `${url.origin} is an address without TLS`, 'give an https address');
  let addresses;
  try {
    addresses = isIP(host) ? [{ address: host, family: isIP(host) }] : await resolve(host);
  } catch {
    return failed(
      subject,
      `the name ${host} is not known to the gateway's name server`,
      'look at the spelling, and whether the name is known inside the cluster the gateway runs in',
    );
  }
  const forbidden = addresses.find(({ address, family }) =>
    metadata.check(address, family === 6 ? 'ipv6' : 'ipv4'),
  );
  if (forbidden)
    return failed(
      subject,
      `${host} leads to ${forbidden.address}, which is not for API servers: a metadata or link-local address`,
      'give the address of the control plane',
    );
  const [first] = addresses;
  return ok(
    subject,
    first?.address === host
      ? `${url.host} may be asked`
      : `${url.host} leads to ${first?.address ?? 'nothing'}`,
  );
}
