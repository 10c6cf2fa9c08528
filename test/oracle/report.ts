import type { ScenarioResult, Verdict } from './run.ts';

export interface Figure {
  identical: number;
  meant: number;
  different: number;
  total: number;
}

/** Counts requests. One with differences that are all meant is no identical one. */
export function figureOf(results: readonly ScenarioResult[]): Figure {
  const verdicts = results.flatMap((result) => result.verdicts);
  const different = verdicts.filter((verdict) => verdict.differences.length > 0).length;
  const identical = verdicts.filter(isIdentical).length;
  return { identical, different, meant: verdicts.length - identical - different, total: verdicts.length };
}

function isIdentical({ differences, meant }: Verdict): boolean {
  return differences.length === 0 && meant.length === 0;
}

/** `412 of 420 identical; 6 differ as meant, 2 differ` */
export function sentence({ identical, meant, different, total }: Figure): string {
  return `${identical} of ${total} identical; ${meant} differ as meant, ${different} differ`;
}

/** Every unexplained difference by name, for a terminal. */
export function differencesText({ scenario, verdicts }: ScenarioResult): string {
  return verdicts
    .filter(({ differences }) => differences.length > 0)
    .map(({ request, differences }) => {
      const lines = differences.map(
        ({ where, connector, reference }) =>
          `    ${where}\n      connector: ${shorten(connector)}\n      reference: ${shorten(reference)}`,
      );
      return `  ${scenario.area}: ${scenario.name}\n   ${request}\n${lines.join('\n')}`;
    })
    .join('\n');
}

function shorten(text: string): string {
  return text.length > 700 ? `${text.slice(0, 700)}…` : text;
}

/** docs/fidelity.md. */
export function fidelityPage(results: readonly ScenarioResult[]): string {
  const areas = Map.groupBy(results, ({ scenario }) => scenario.area);
  const rows = [...areas].map(([name, members]) => {
    const { identical, meant, different, total } = figureOf(members);
    return `| ${name} | ${members.length} | ${total} | ${identical} | ${meant} | ${different} |`;
  });
  const all = figureOf(results);
  const reasons = Map.groupBy(
    results.flatMap(({ scenario, verdicts }) =>
      verdicts.flatMap(({ meant }) => meant.map((one) => ({ reason: one.reason, scenario }))),
    ),
    ({ reason }) => reason,
  );
  const meant = [...reasons].map(([reason, uses]) => {
    const names = [...new Set(uses.map(({ scenario }) => `${scenario.area}: ${scenario.name}`))];
    return `- ${reason} (${uses.length} ${uses.length === 1 ? 'request' : 'requests'}: ${names.join('; ')})`;
  });
  const open = results.flatMap(({ scenario, verdicts }) =>
    verdicts
      .filter(({ differences }) => differences.length > 0)
      .map(
        ({ request, differences }) =>
          `- ${scenario.area}: ${scenario.name}: \`${request}\`: ${differences.map(({ where }) => where).join(', ')}`,
      ),
  );
  return `${[
    '# Fidelity',
    '',
    'How near a connected claim API comes to the same CRD installed in the cluster. Each request is sent twice: through the app',
    "cluster's kube-apiserver to the connector, and to a third kube-apiserver that holds the same CRD. Status, headers, body and",
    'watch events are compared after uids, resourceVersions and times are set aside (test/oracle).',
    '',
    'This page is written by `make oracle`; do not edit it.',
    '',
    `**${sentence(all)}.**`,
    '',
    '| area | scenarios | requests | identical | differ as meant | differ |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows,
    `| all | ${results.length} | ${all.total} | ${all.identical} | ${all.meant} | ${all.different} |`,
    '',
    '## Differences that are meant',
    '',
    ...(meant.length > 0 ? meant : ['None.']),
    '',
    '## Differences that are not explained',
    '',
    ...(open.length > 0 ? open : ['None.']),
  ].join('\n')}\n`;
}
