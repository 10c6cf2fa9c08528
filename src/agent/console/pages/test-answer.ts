import { describeError } from '../../../base/errors.ts';
import { type ClusterAccess, accessFromKubeconfig } from '../../../clusters/cluster-access.ts';
import { failed } from '../../../connecting/check.ts';
import { controlPlaneAccess } from '../../servers/control-plane-access.ts';
import type { Answer } from '../answers.ts';
import { testConnection } from '../connection/connection-test.ts';
import type { Visit } from '../visit.ts';
import type { ConnectionTest, Draft } from '../wizard/draft.ts';
import { readStep } from '../wizard/read-step.ts';
import { summaryOf, toneOf } from './test-result.ts';
import { draftOf } from './wizard-page.ts';

/** Takes over the form as it stands, and looks at the control plane that it names. */
export async function runConnectionTest(visit: Visit): Promise<Answer> {
  const draft = draftOf(visit);
  const faults = readStep('control-plane', visit.form, draft);
  const test = await testOf(visit, draft, faults);
  // Whoever changes the form while the test runs gets no result of what stood there before.
  if (Object.keys(faults).length === 0) draft.test = test;
  return { json: { ...test, tone: toneOf(test.checks), summary: summaryOf(test.checks) } };
}

async function testOf(
  { options }: Visit,
  draft: Draft,
  faults: Record<string, string>,
): Promise<ConnectionTest> {
  const time = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
  const wrong = Object.values(faults).map((sentence) =>
    failed('Form', sentence.replace(/\.$/, ''), 'correct it, and test again'),
  );
  if (wrong.length > 0) return { checks: wrong, time };
  const { toolsets, readOnly } = draft.values;
  try {
    const access = accessOf(draft);
    return {
      checks: await testConnection({
        access,
        toolsets,
        readOnly,
        environmentProxy: options.environmentProxy,
      }),
      time,
    };
  } catch (error) {
    return { checks: [failed('Credential', describeError(error), 'give another one')], time };
  }
}

/** With what was given in the form, else with what the definition names. */
function accessOf({ values, secrets, editing }: Draft): ClusterAccess {
  const stored = editing?.complete.controlPlane;
  if (values.way === 'in-cluster') return controlPlaneAccess({ inCluster: true });
  if (values.way === 'url')
    return accessFromKubeconfig(urlKubeconfig(values, secrets.token, stored), 'the form');
  return secrets.kubeconfig === undefined && stored
    ? controlPlaneAccess(stored)
    : accessFromKubeconfig(secrets.kubeconfig ?? '', 'the kubeconfig');
}

/** JSON is YAML. */
function urlKubeconfig(
  { url, ca }: { url: string; ca: string },
  token: string | undefined,
  stored: { server?: { tokenFile: string; caFile?: string | undefined } | undefined } | undefined,
): string {
  const authority =
    ca === ''
      ? stored?.server?.caFile === undefined
        ? {}
        : { 'certificate-authority': stored.server.caFile }
      : { 'certificate-authority-data': Buffer.from(ca).toString('base64') };
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    clusters: [{ name: 'test', cluster: { server: url, ...authority } }],
    users: [
      { name: 'test', user: token === undefined ? { tokenFile: stored?.server?.tokenFile } : { token } },
    ],
  });
}
