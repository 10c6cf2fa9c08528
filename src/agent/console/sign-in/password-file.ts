import { readFile } from 'node:fs/promises';
import { ConnectorError, describeError } from '../../../base/errors.ts';

/** Fewer letters are found by trying, rate limit or not. */
const minLength = 12;

/**
 * The administrator's password or token: the text of a file, without the space around it. Read at every sign-in, so that a Secret
 * that changes counts without a restart. Throws ConnectorError.
 */
export async function readPassword(file: string): Promise<string> {
  let text: string;
  try {
    text = (await readFile(file, 'utf8')).trim();
  } catch (cause) {
    throw new ConnectorError(
      'console-password',
      `the console's password cannot be read from ${file}: ${describeError(cause)}`,
      { cause },
    );
  }
  if (text.length < minLength)
    throw new ConnectorError(
      'console-password',
      `the console's password in ${file} is shorter than ${minLength} characters; put a longer one there, as openssl rand -base64 24 makes it`,
    );
  return text;
}
