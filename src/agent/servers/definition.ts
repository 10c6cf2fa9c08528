import { z } from 'zod';
import { auditSettings } from '../audit/settings.ts';
import { authenticationSettings, impersonationSettings, rateLimitSettings } from '../callers/settings.ts';
import type { Toolset } from '../tools/tool.ts';

const toolsets = [
  'xrd',
  'composition',
  'package',
  'environment',
  'operation',
  'protection',
  'claim',
  'insight',
] as const satisfies readonly Toolset[];

/** Exactly one way to the control plane. */
const controlPlane = z
  .strictObject({
    /** Followed: another user or CA for the same server counts without a restart. */
    kubeconfig: z.strictObject({ file: z.string().min(1), context: z.string().min(1).optional() }).optional(),
    /** Base URL, with a bearer token that is read again when its file changes. */
    server: z
      .strictObject({
        url: z.url({ protocol: /^https$/, error: 'has to be an https URL' }),
        tokenFile: z.string().min(1),
        /** PEM; the machine's own authorities when left out. */
        caFile: z.string().min(1).optional(),
      })
      .optional(),
    /** The cluster this process runs in, as its service account. */
    inCluster: z.literal(true).optional(),
  })
  .refine(
    ({ kubeconfig, server, inCluster }) =>
      [kubeconfig, server, inCluster].filter((way) => way !== undefined).length === 1,
    'needs exactly one of "kubeconfig", "server" and "inCluster"',
  );

const toolName = z.string().regex(/^[a-z][a-z0-9_]*$/, 'has to be the name of a tool, such as list_xrds');

const toolChoice = z
  .strictObject({
    /** All when left out. */
    toolsets: z.array(z.enum(toolsets)).min(1).optional(),
    /** Only these, of the toolsets. */
    allow: z.array(toolName).min(1).optional(),
    /** Never these. */
    deny: z.array(toolName).default([]),
    /** `compact`: six tools with a kind in the place of one tool for each kind and verb. */
    style: z.enum(['named', 'compact']).default('named'),
    /** Clients then know the form of answers beforehand; it costs tokens in each conversation. */
    outputSchemas: z.boolean().default(false),
  })
  .prefault({});

/** RFC 1123 label: it stands in the server's path. */
const serverName = z
  .string()
  .max(63)
  .regex(
    /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/,
    'has to be lower-case letters, digits and "-" (it stands in the path /mcp/<name>)',
  );

/** As a host, or a host and a path: of packages in production, the only places they may come from. */
const registry = z
  .string()
  .regex(
    /^[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?(?::\d+)?(?:\/[a-z0-9._-]+)*$/,
    'has to be a registry host, with a path or without, such as xpkg.crossplane.io/crossplane-contrib',
  );

const server = z
  .strictObject({
    name: serverName,
    /** For the model: what this server is for. */
    description: z.string().max(2_000).default(''),
    /** Seconds for one call. */
    timeoutSeconds: z.int().min(1).max(60).default(30),
    /** Fixed package versions only; needs an audit log. */
    production: z.boolean().default(false),
    /** No tool that writes, and no request that writes whatever a tool does. */
    readOnly: z.boolean().default(false),
    controlPlane,
    /** The app cluster whose claims are shown under its own names. */
    connection: z
      .strictObject({ clusterID: z.string().min(1).max(63), claimNamespace: serverName })
      .optional(),
    tools: toolChoice,
    /**
     * Who may confirm a destructive call: `any`, a person where the client can ask one and else an argument that the model
     * repeats; `person`, nobody but a person, so that clients that cannot ask one cannot make such calls.
     */
    confirmation: z.enum(['any', 'person']).default('any'),
    /** Clients of the protocol 2025-11-25 keep a session, in which they can be asked; one replica only. */
    sessions: z.boolean().default(false),
    /** Not needed over stdio. */
    authentication: authenticationSettings.optional(),
    impersonation: impersonationSettings.optional(),
    rateLimits: rateLimitSettings,
    audit: auditSettings.optional(),
    packages: z.strictObject({ registries: z.array(registry).min(1).optional() }).prefault({}),
  })
  .refine(({ production, audit }) => !production || audit !== undefined, {
    path: ['audit'],
    message: 'is needed in production mode: name the file of the audit log as audit.logPath',
  });

/** The file: servers, each at a path of its own. */
export const definitionsSchema = z
  .strictObject({ servers: z.array(server) })
  .refine(
    ({ servers }) => new Set(servers.map(({ name }) => name)).size === servers.length,
    'two servers have the same name; a name is the path of one server',
  );

/** One server, complete. */
export type ServerDefinition = z.infer<typeof server>;
export type ServerDefinitionInput = z.input<typeof server>;
