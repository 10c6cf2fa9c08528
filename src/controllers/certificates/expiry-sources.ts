import type { X509Certificate } from 'node:crypto';
import type { ClientTrustSource } from '../../authentication/client-trust-source.ts';
import { parseBundle } from '../../authentication/client-trust.ts';
import type { ClusterAccess } from '../../clusters/cluster-access.ts';
import type { PeerCertificates } from '../../clusters/peer-certificates.ts';
import type { ExpirySources } from './expiry-monitor.ts';
import type { ServingCertificate } from './serving-certificate.ts';

export interface ExpirySourcesOptions {
  certificate: Pick<ServingCertificate, 'current'>;
  trust: Pick<ClientTrustSource, 'current'>;
  shown: PeerCertificates;
  /** Of the link that was made last; undefined before the first. */
  controlPlane: () => ClusterAccess | undefined;
}

/** Everything of the connector that ends on a day, under the name that the metric has. */
export function expirySources(options: ExpirySourcesOptions): ExpirySources {
  const { certificate, trust, shown, controlPlane } = options;
  const credential: ExpirySources['credential'] = () => controlPlane()?.lastCredential;
  const shownBy = (access = controlPlane()): X509Certificate | undefined =>
    access && shown.of(access.server.host);
  return {
    certificates: {
      serving: () => firstOf(certificate.current().cert),
      'serving-ca': () => firstOf(certificate.current().caBundle),
      'control-plane-client': () => firstOf(controlPlane()?.lastCredential?.tls.cert),
      'control-plane-serving': () => shownBy(),
      'control-plane-ca': () => lastToEnd(controlPlane()?.lastCredential?.tls.ca),
      'request-header-ca': () => latest(trust.current?.requestHeader?.cas ?? []),
    },
    credential,
  };
}

/** The certificate of a PEM text that ends last: of CAs that are trusted together, one that is valid is enough. */
export function lastToEnd(pem: string | Buffer | undefined): X509Certificate | undefined {
  return latest(parsed(pem));
}

function latest(certificates: readonly X509Certificate[]): X509Certificate | undefined {
  return certificates.toSorted((a, b) => b.validToDate.getTime() - a.validToDate.getTime())[0];
}

/** The first certificate of a PEM text: the one that is shown, before its intermediates. */
function firstOf(pem: string | Buffer | undefined): X509Certificate | undefined {
  return parsed(pem)[0];
}

function parsed(pem: string | Buffer | undefined): X509Certificate[] {
  try {
    return pem === undefined ? [] : parseBundle(pem.toString());
  } catch {
    return [];
  }
}
