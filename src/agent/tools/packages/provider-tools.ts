import { z } from 'zod';
import { detail, dryRun, name, page, waitSeconds } from '../parameters.ts';
import { defineTool, type ToolDefinition } from '../tool.ts';
import { installPackage } from './package-installation.ts';
import { listPackages, showPackage } from './package-pages.ts';
import { removePackage } from './package-removal.ts';

const packageReference = z.string().describe('registry/repository:version');

const installProvider = defineTool({
  name: 'install_provider',
  title: 'Install provider',
  description: 'Install a provider package in a fixed version and wait until it is healthy. Runs its code.',
  toolset: 'package',
  effect: 'create',
  input: z.strictObject({
    package: packageReference,
    name: name.optional(),
    runtime_config: z.string().optional().describe('DeploymentRuntimeConfig'),
    pull_secrets: z.array(z.string()).optional(),
    revision_activation: z.enum(['Automatic', 'Manual']).optional(),
    wait_seconds: waitSeconds,
    dry_run: dryRun,
  }),
  run: (call, input) => installPackage(call, 'Provider', input),
});

const listProviders = defineTool({
  name: 'list_providers',
  title: 'List providers',
  description: 'Providers with version and health.',
  toolset: 'package',
  effect: 'read',
  input: z.strictObject(page),
  run: (call, input) => listPackages(call, 'Provider', input),
});

const getProvider = defineTool({
  name: 'get_provider',
  title: 'Get provider',
  description: 'A provider: health, revision, dependencies, its kinds.',
  toolset: 'package',
  effect: 'read',
  input: z.strictObject({ name, detail }),
  run: (call, input) => showPackage(call, 'Provider', input),
});

const uninstallProvider = defineTool({
  name: 'uninstall_provider',
  title: 'Uninstall provider',
  description:
    'Uninstall a provider and its CRDs. Refused while resources of its kinds, or packages that need it, exist.',
  toolset: 'package',
  effect: 'destructive',
  input: z.strictObject({ name, dry_run: dryRun }),
  run: (call, input) => removePackage(call, 'Provider', input.name, input.dry_run ?? false),
});

export const providerTools: readonly ToolDefinition[] = [
  installProvider,
  listProviders,
  getProvider,
  uninstallProvider,
];
