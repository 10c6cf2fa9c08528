import { request } from 'undici';
import { ConnectorError, describeError } from '../base/errors.ts';
import type { Transport } from './transport.ts';

/** What a cluster says of itself. */
export interface ServerFacts {
  /** As `v1.34.4`. */
  version: string;
  /** Milliseconds that its clock is before ours; up to a second is the grain of the Date header. */
  clockAheadMs: number | undefined;
}

const timeoutMs = 10_000;

/** Asks `/version`, which needs a credential only where anonymous users are refused. Throws ConnectorError `unreachable`. */
export async function readServerFacts(transport: Transport): Promise<ServerFacts> {
  const { host } = transport.access.server;
  try {
    const { dispatcher, credential } = await transport.leg(false);
    const { statusCode, headers, body } = await request(
      `${transport.origin}${transport.access.basePath}/version`,
      {
        dispatcher,
        headers: credential.authorization ? { authorization: credential.authorization } : {},
        signal: AbortSignal.timeout(timeoutMs),
      },
    );
    const text = await body.text();
    if (statusCode === 401)
      throw new ConnectorError('credential-refused', `${host} does not accept the credential`);
    const date = Date.parse(String(headers['date'] ?? ''));
    return {
      version: statusCode === 200 ? versionOf(text) : 'unknown',
      clockAheadMs: Number.isNaN(date) ? undefined : date - Date.now(),
    };
  } catch (cause) {
    if (cause instanceof ConnectorError) throw cause;
    throw new ConnectorError('unreachable', `${host} cannot be reached: ${describeError(cause)}`, { cause });
  }
}

function versionOf(text: string): string {
  try {
    return (JSON.parse(text) as { gitVersion?: string }).gitVersion ?? 'unknown';
  } catch {
    return 'unknown';
  }
}
