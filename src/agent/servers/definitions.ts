import { readFileSync } from 'node:fs';
import path from 'node:path';
import { load, YAMLException } from 'js-yaml';
import type { z } from 'zod';
import { ConnectorError, describeError } from '../../base/errors.ts';
import { faultSentence } from './fault-sentence.ts';
import { definitionsSchema, type ServerDefinition, type ServerDefinitionInput } from './definition.ts';

/** Of the file; a ConfigMap has at most 1 MiB. */
const maxBytes = 1024 * 1024;

/** The text of the file, for who compares it first. Throws ConnectorError `definitions-unreadable`. */
export function readText(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new ConnectorError(
      'definitions-unreadable',
      `cannot read the server definitions ${file}: ${describeError(cause)}`,
      { cause },
    );
  }
  if (text.length > maxBytes)
    throw new ConnectorError('definitions-unreadable', `${file} has more than ${maxBytes} bytes`);
  return text;
}

/** Files that it names are relative to the file's own folder. Throws ConnectorError `definitions-invalid`, which says what is wrong and where. */
export function parseDefinitions(text: string, file: string): ServerDefinition[] {
  let value: unknown;
  try {
    value = load(text, { filename: file });
  } catch (cause) {
    // The lines around a fault are left out: what stands in the file is nobody's affair who reads a log.
    const reason =
      cause instanceof YAMLException
        ? `${cause.reason} in line ${(cause.mark?.line ?? 0) + 1}`
        : describeError(cause);
    throw new ConnectorError('definitions-invalid', `${file} is not YAML: ${reason}`);
  }
  const parsed = definitionsSchema.safeParse(value);
  if (!parsed.success)
    throw new ConnectorError(
      'definitions-invalid',
      `${file}: ${parsed.error.issues.map((issue) => sentenceOf(issue, value)).join('; ')}`,
    );
  return parsed.data.servers.map((server) => withAbsolutePaths(server, path.dirname(file)));
}

/** One definition that stands in no file, complete. */
export function definitionOf(input: ServerDefinitionInput): ServerDefinition {
  return definitionsSchema.parse({ servers: [input] }).servers[0] as ServerDefinition;
}

/** With the server's name where it has one: numbers are hard to count in a long file. */
function sentenceOf(issue: z.core.$ZodIssue, value: unknown): string {
  const name = nameOf(issue.path, value);
  return faultSentence(issue, name ? ` ("${name}")` : '');
}

function nameOf([first, at]: readonly PropertyKey[], value: unknown): string | undefined {
  if (first !== 'servers' || typeof at !== 'number') return undefined;
  const name = (value as { servers: { name?: unknown }[] }).servers[at]?.name;
  return typeof name === 'string' ? name.slice(0, 63) : undefined;
}

function withAbsolutePaths(server: ServerDefinition, folder: string): ServerDefinition {
  const absolute = (file: string): string => path.resolve(folder, file);
  const { kubeconfig, server: address } = server.controlPlane;
  const { authentication, audit } = server;
  return {
    ...server,
    controlPlane: {
      ...server.controlPlane,
      ...(kubeconfig ? { kubeconfig: { ...kubeconfig, file: absolute(kubeconfig.file) } } : {}),
      ...(address
        ? {
            server: {
              ...address,
              tokenFile: absolute(address.tokenFile),
              ...(address.caFile ? { caFile: absolute(address.caFile) } : {}),
            },
          }
        : {}),
    },
    ...(authentication
      ? {
          authentication: {
            ...authentication,
            ...(authentication.tokens
              ? {
                  tokens: authentication.tokens.map((token) => ({ ...token, file: absolute(token.file) })),
                }
              : {}),
            ...(authentication.oauth?.caFile
              ? { oauth: { ...authentication.oauth, caFile: absolute(authentication.oauth.caFile) } }
              : {}),
          },
        }
      : {}),
    ...(audit && audit.logPath !== '-' ? { audit: { ...audit, logPath: absolute(audit.logPath) } } : {}),
  };
}
