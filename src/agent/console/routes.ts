import type { Handler } from './visit.ts';
import { showCalls, streamCalls } from './pages/calls-page.ts';
import { showCatalogue, startDraft } from './pages/catalogue-page.ts';
import { addCaller, removeCaller, renewCaller } from './pages/caller-forms.ts';
import { discardDraft, saveStep, showStep } from './pages/wizard-page.ts';
import { deployDraft } from './pages/deploy-page.ts';
import { editServer, showServer } from './pages/server-page.ts';
import { askRemoval, removeServer } from './pages/removal-page.ts';
import { showServers } from './pages/servers-page.ts';
import { showStatus } from './pages/status-page.ts';
import { runConnectionTest } from './pages/test-answer.ts';

interface Route {
  method: 'GET' | 'POST';
  /** `:name` stands for one segment. */
  path: string;
  handler: Handler;
}

/** Everything behind the sign-in. */
const routes: readonly Route[] = [
  { method: 'GET', path: 'servers', handler: showServers },
  { method: 'GET', path: 'servers/:name', handler: showServer },
  { method: 'POST', path: 'servers/:name/edit', handler: editServer },
  { method: 'GET', path: 'servers/:name/remove', handler: askRemoval },
  { method: 'POST', path: 'servers/:name/remove', handler: removeServer },
  { method: 'POST', path: 'servers/:name/callers/add', handler: addCaller },
  { method: 'POST', path: 'servers/:name/callers/renew', handler: renewCaller },
  { method: 'POST', path: 'servers/:name/callers/remove', handler: removeCaller },
  { method: 'GET', path: 'catalogue', handler: showCatalogue },
  { method: 'POST', path: 'drafts', handler: startDraft },
  { method: 'POST', path: 'drafts/:id/test', handler: runConnectionTest },
  { method: 'POST', path: 'drafts/:id/deploy', handler: deployDraft },
  { method: 'POST', path: 'drafts/:id/discard', handler: discardDraft },
  { method: 'GET', path: 'drafts/:id/:step', handler: showStep },
  { method: 'POST', path: 'drafts/:id/:step', handler: saveStep },
  { method: 'GET', path: 'calls', handler: showCalls },
  { method: 'GET', path: 'calls/stream', handler: streamCalls },
  { method: 'GET', path: 'status', handler: showStatus },
];

/** The handler of a path below `/console/`; the methods that the path has where it is not this one; undefined where it has none. */
export function findRoute(
  method: string,
  path: string,
): { handler: Handler; params: Record<string, string> } | { allowed: string[] } | undefined {
  const allowed: string[] = [];
  const asked = method === 'HEAD' ? 'GET' : method;
  for (const route of routes) {
    const params = match(route.path, path);
    if (!params) continue;
    if (route.method === asked) return { handler: route.handler, params };
    allowed.push(route.method);
  }
  return allowed.length > 0 ? { allowed: [...new Set(allowed)] } : undefined;
}

function match(pattern: string, path: string): Record<string, string> | undefined {
  const [parts, given] = [pattern.split('/'), path.split('/')];
  if (parts.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [at, part] of parts.entries()) {
    const value = given[at] ?? '';
    if (part.startsWith(':')) {
      // Names of servers, drafts and steps are made of these.
      if (!/^[A-Za-z0-9_-]{1,80}$/.test(value)) return undefined;
      params[part.slice(1)] = value;
    } else if (part !== value) return undefined;
  }
  return params;
}
