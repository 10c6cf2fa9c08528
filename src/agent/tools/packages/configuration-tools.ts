import { z } from 'zod';
import { detail, dryRun, name, page, waitSeconds } from '../parameters.ts';
import { defineTool, type ToolDefinition } from '../tool.ts';
import { installPackage } from './package-installation.ts';
import { listPackages, listRevisions, showPackage } from './package-pages.ts';
import { removePackage } from './package-removal.ts';

const installConfiguration = defineTool({
  name: 'install_configuration',
  title: 'Install configuration',
  description: 'Install a configuration package in a fixed version, with what it depends on, and wait.',
  toolset: 'package',
  effect: 'create',
  input: z.strictObject({
    package: z.string().describe('registry/repository:version'),
    name: name.optional(),
    pull_secrets: z.array(z.string()).optional(),
    revision_activation: z.enum(['Automatic', 'Manual']).optional(),
    wait_seconds: waitSeconds,
    dry_run: dryRun,
  }),
  run: (call, input) => installPackage(call, 'Configuration', input),
});

const listConfigurations = defineTool({
  name: 'list_configurations',
  title: 'List configurations',
  description: 'Configurations with version and health.',
  toolset: 'package',
  effect: 'read',
  input: z.strictObject(page),
  run: (call, input) => listPackages(call, 'Configuration', input),
});

const getConfiguration = defineTool({
  name: 'get_configuration',
  title: 'Get configuration',
  description: 'A configuration: health, XRDs, compositions, dependencies.',
  toolset: 'package',
  effect: 'read',
  input: z.strictObject({ name, detail }),
  run: (call, input) => showPackage(call, 'Configuration', input),
});

const listConfigurationRevisions = defineTool({
  name: 'list_configuration_revisions',
  title: 'List configuration revisions',
  description: 'Revisions of one configuration, or of all: state, image, health.',
  toolset: 'package',
  effect: 'read',
  input: z.strictObject({ configuration: name.optional(), ...page }),
  run: (call, { configuration, ...rest }) =>
    listRevisions(call, 'Configuration', { ...rest, package: configuration }),
});

const uninstallConfiguration = defineTool({
  name: 'uninstall_configuration',
  title: 'Uninstall configuration',
  description:
    'Uninstall a configuration, its XRDs and compositions. Refused while composite resources or claims exist.',
  toolset: 'package',
  effect: 'destructive',
  input: z.strictObject({ name, dry_run: dryRun }),
  run: (call, input) => removePackage(call, 'Configuration', input.name, input.dry_run ?? false),
});

export const configurationTools: readonly ToolDefinition[] = [
  installConfiguration,
  listConfigurations,
  getConfiguration,
  listConfigurationRevisions,
  uninstallConfiguration,
];
