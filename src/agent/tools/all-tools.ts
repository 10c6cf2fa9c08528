import { claimTools } from './claim/claim-tools.ts';
import { compositionTools } from './composition/composition-tools.ts';
import { environmentTools } from './environment/environment-tools.ts';
import { insightTools } from './insight/insight-tools.ts';
import { operationTools } from './operations/operation-tools.ts';
import { configurationTools } from './packages/configuration-tools.ts';
import { functionTools } from './packages/function-tools.ts';
import { providerTools } from './packages/provider-tools.ts';
import { usageTools } from './protection/usage-tools.ts';
import type { ToolDefinition } from './tool.ts';
import { xrdTools } from './xrd/xrd-tools.ts';

/** Every tool there is, in the order in which they are listed; a server's definition chooses among them. */
export const allTools: readonly ToolDefinition[] = [
  ...xrdTools,
  ...compositionTools,
  ...providerTools,
  ...configurationTools,
  ...functionTools,
  ...environmentTools,
  ...operationTools,
  ...usageTools,
  ...claimTools,
  ...insightTools,
];
