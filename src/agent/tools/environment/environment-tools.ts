import { z } from 'zod';
import { anyObject, change, dryRun, fields, name, page } from '../parameters.ts';
import { defineTool, type ToolDefinition } from '../tool.ts';
import {
  createEnvironmentConfig,
  deleteEnvironmentConfig,
  getEnvironmentConfig,
  listEnvironmentConfigs,
  updateEnvironmentConfig,
} from './environment-configs.ts';

const toolset = 'environment';

export const environmentTools: readonly ToolDefinition[] = [
  defineTool({
    name: 'create_environment_config',
    title: 'Create environment config',
    description: 'Data that compositions read, such as ids of networks. Not for secrets.',
    toolset,
    effect: 'create',
    input: z.strictObject({ name, data: anyObject(), labels: anyObject().optional(), dry_run: dryRun }),
    run: createEnvironmentConfig,
  }),
  defineTool({
    name: 'list_environment_configs',
    title: 'List environment configs',
    description: 'Environment configs with labels and top-level keys.',
    toolset,
    effect: 'read',
    input: z.strictObject(page),
    run: listEnvironmentConfigs,
  }),
  defineTool({
    name: 'get_environment_config',
    title: 'Get environment config',
    description: 'Data of an environment config.',
    toolset,
    effect: 'read',
    input: z.strictObject({ name, fields }),
    run: getEnvironmentConfig,
  }),
  defineTool({
    name: 'update_environment_config',
    title: 'Update environment config',
    description: 'Change data: XRs that read it follow.',
    toolset,
    effect: 'destructive',
    input: z.strictObject({ name, ...change }),
    run: updateEnvironmentConfig,
  }),
  defineTool({
    name: 'delete_environment_config',
    title: 'Delete environment config',
    description: 'Delete one; XRs that read it fail.',
    toolset,
    effect: 'destructive',
    input: z.strictObject({ name }),
    run: deleteEnvironmentConfig,
  }),
];
