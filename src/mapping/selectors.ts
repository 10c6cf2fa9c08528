import { badRequest } from '../apimachinery/status.ts';
import {
  appClusterLabel,
  appNameLabel,
  appNamespaceLabel,
  type Connection,
  controlPlaneName,
  type NamePrefix,
} from './identity.ts';

/** What a list, watch or deletecollection of the app cluster selects. */
export interface AppSelection {
  /** Undefined for all namespaces. */
  namespace: string | undefined;
  labelSelector: string | undefined;
  fieldSelector: string | undefined;
}

const labelValue = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;
/** Both at once match nothing. */
const nothing = (clusterID: string): string => `${appClusterLabel}!=${clusterID}`;

/**
 * The selectors for the control plane. Ours come first, so that nothing a user writes behind them can change what
 * they mean; the user's terms on hidden labels are answered as if those labels did not exist.
 */
export function selectionToControlPlane(
  selection: AppSelection,
  connection: Connection,
  prefix: NamePrefix,
): { labelSelector: string; fieldSelector: string | undefined } {
  const { clusterID } = connection;
  const { namespace } = selection;
  const labels = [`${appClusterLabel}=${clusterID}`];
  const fields: string[] = [];
  if (namespace !== undefined)
    labels.push(labelValue.test(namespace) ? `${appNamespaceLabel}=${namespace}` : nothing(clusterID));
  for (const term of parseFieldSelector(selection.fieldSelector ?? '')) {
    const label = term.field === 'metadata.name' ? appNameLabel : appNamespaceLabel;
    if (term.field !== 'metadata.name' && term.field !== 'metadata.namespace') {
      fields.push(term.text);
    } else if (!labelValue.test(term.value) || term.value === '') {
      // No claim has such a name, since names become label values.
      if (!term.negated) labels.push(nothing(clusterID));
    } else if (term.field === 'metadata.name' && !term.negated && namespace !== undefined) {
      // A list by metadata.name is a read by key in the API server.
      fields.push(`metadata.name=${controlPlaneName(prefix, { namespace, name: term.value }, clusterID)}`);
      labels.push(`${label}=${term.value}`);
    } else {
      labels.push(`${label}${term.negated ? '!=' : '='}${term.value}`);
    }
  }
  const users = userLabels(selection.labelSelector ?? '');
  if (beginsWrong(users[0] ?? '')) labels.unshift(...users);
  else labels.push(...users);
  return { labelSelector: labels.join(','), fieldSelector: fields.length > 0 ? fields.join(',') : undefined };
}

/** A key no object has, valid as one, so that a requirement on it is judged and answered as on a label nobody set. */
const absentLabel = 'mcp-connector-k8s.io/absent';

function userLabels(selector: string): string[] {
  if (selector.trim() === '') return [];
  if (!selector.includes('mcp-connector.upbound.io/')) return [selector];
  return splitOutside(selector).map((requirement) =>
    requirement.replace(/^(\s*!?\s*)([^\s=!<>()]*)/, (text, before: string, key: string) =>
      [appClusterLabel, appNamespaceLabel, appNameLabel].includes(key) ? before + absentLabel : text,
    ),
  );
}

/** True for what no selector begins with: it is refused wherever it stands, and named by its place. */
function beginsWrong(selector: string): boolean {
  return /^\s*([,=()<>]|!=)/.test(selector);
}

/** Splits at commas outside parentheses. */
function splitOutside(selector: string): string[] {
  return selector.match(/(?:\([^)]*\)?|[^,(])+/g) ?? [];
}

interface FieldTerm {
  field: string;
  value: string;
  negated: boolean;
  text: string;
}

/**
 * Terms of a field selector: `=`, `==`, `!=`, and a backslash before `\`, `,` and `=` in values
 * (apimachinery/pkg/fields/selector.go). Throws StatusError 400 in the words used there.
 */
export function parseFieldSelector(selector: string): FieldTerm[] {
  const terms = selector.match(/(?:\\.|\\$|[^\\,])+/gs) ?? [];
  // Kubernetes sorts them first: of several wrong ones it names the first of these.
  return terms.toSorted().map((text) => {
    const [, field, operator, value] = /^(.*?)(!=|==|=)(.*)$/s.exec(text) ?? [];
    if (field === undefined || value === undefined) {
      throw badRequest(`invalid selector: '${selector}'; can't understand '${text}'`);
    }
    return { field, value: unescapeValue(value), negated: operator === '!=', text };
  });
}

function unescapeValue(value: string): string {
  return value.replaceAll(/\\(.?)|=/gsu, (sequence, escaped: string | undefined) => {
    if (escaped === undefined) throw badRequest('invalid field selector: unescaped character in value: 61');
    if (escaped === '' || !'\\,='.includes(escaped))
      throw badRequest(`invalid field selector: invalid escape sequence: ${sequence}`);
    return escaped;
  });
}
