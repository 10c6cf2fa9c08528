import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { faultOfCode, faultOfStatus, faults } from '../../../src/base/faults.ts';
import { Metrics } from '../../../src/base/metrics.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');

/** Rooms of commands: they print a sentence that says what to do, and its code is shown nowhere. */
const commands = /^(adoption|claim-moves|cli|connecting|departure)\//;

/** Codes of ConnectorError in the sources of `serve`. */
function errorCodes(): string[] {
  const files = readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' });
  const texts = files
    .filter((file) => file.endsWith('.ts') && !commands.test(file))
    .map((file) => read(path.join('src', file)));
  const codes = texts.flatMap((text) =>
    [...text.matchAll(/new ConnectorError\(\s*'([a-z-]+)'/g)].map(([, code]) => code ?? ''),
  );
  return [...new Set(codes)];
}

describe('troubleshooting', () => {
  const page = read('docs/troubleshooting.md');

  it('has a line for each reason and each code of an error [observe.docs.reasons]', () => {
    const words = [...Object.keys(faults), ...errorCodes()];
    expect(words.length).toBeGreaterThan(30);
    expect(words.filter((word) => !page.includes(`\`${word}\``))).toEqual([]);
  });

  it('links only to sections that there are [observe.docs.reasons]', () => {
    for (const file of ['docs/troubleshooting.md', 'docs/observability.md']) {
      const links = [...read(file).matchAll(/\]\(([\w./-]*)#([\w-]+)\)/g)];
      expect(links.length).toBeGreaterThan(0);
      const broken = links.filter(([, to = '', anchor = '']) => {
        const target = to === '' ? file : path.join(path.dirname(file), to);
        const headings = [...read(target).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
          heading
            .toLowerCase()
            .replaceAll(/[^\w\- ]/g, '')
            .replaceAll(' ', '-'),
        );
        return !headings.includes(anchor);
      });
      expect(broken.map(([link]) => link)).toEqual([]);
    }
  });

  it('and the page about metrics knows each of them [observe.docs.reasons]', () => {
    const names = new Metrics().registry.getMetricsAsArray().map(({ name }) => name);
    const own = names.filter((name) => name.startsWith('mcp_connector_') && !name.endsWith('_dropped_total'));
    const metricsPage = read('docs/observability.md');
    expect(own.filter((name) => !metricsPage.includes(`\`${name}\``))).toEqual([]);
  });
});

describe('faultOfCode', () => {
  it.each([
    ['unreachable', 'control_plane_unreachable'],
    ['binding-changed', 'binding_changed'],
    ['kubeconfig-key-missing', 'kubeconfig_unusable'],
    ['something-new', 'control_plane_unreachable'],
    [undefined, 'control_plane_unreachable'],
  ])('knows %s as %s', (code, fault) => {
    expect(faultOfCode(code)).toBe(fault);
  });
});

describe('faultOfStatus', () => {
  it.each([
    [400, 'refused'],
    [401, 'unauthenticated'],
    [404, 'refused'],
    [429, 'limit'],
    [500, 'internal_error'],
    [503, 'control_plane_unreachable'],
    [504, 'outcome_unknown'],
  ])('reads %d as %s', (code, fault) => {
    expect(faultOfStatus(code)).toBe(fault);
  });
});
