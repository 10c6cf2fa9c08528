import { isSensitiveName, sensitiveWord } from './sensitive-names.ts';

export const redactedMark = '[redacted]';

type Replacement = (match: string, ...groups: string[]) => string;

/** What a credential looks like by itself. */
const shapes: readonly RegExp[] = [
  // Keys and certificates, whole or cut off.
  /-----BEGIN [A-Z0-9 ]+-----[\s\S]*?(?:-----END [A-Z0-9 ]+-----|$)/g,
  /\beyJ[\w-]{8,}(?:\.[\w-]+){1,4}/g,
  /\b(?:AKIA|ASIA|AGPA|AIDA|AROA)[A-Z0-9]{12,}\b/g,
  /\b(?:gh[opusr]_|github_pat_|glpat-|xox[a-z]-|AIza|ya29\.|sk_(?:live|test)_|sk-|rk_live_|npm_|pypi-|dckr_pat_|hf_|SG\.|dop_v1_|upat_|xpat_)[\w.-]{12,}/g,
  // Of Vault, Terraform Cloud.
  /\b(?:hv[bsr]\.[\w-]{16,}|[\w]{10,}\.atlasv1\.[\w-]{20,})/g,
];

/** `scheme://user:password@host`, and a lone token in the user's place. */
const urlUser = /\b([a-z][a-z0-9+.-]{1,20}:\/\/)[^\s/@"'<>]+@/gi;
const authorization = /\b(bearer|basic|digest|negotiate)(\s+)([\w.~+/=-]{6,})/gi;
/** The API server's own words about a field: the value follows a few words later. */
const invalidField = new RegExp(
  `(${sensitiveWord}[\\w.\\]\\["'-]{0,100}:\\s+(?:Invalid|Unsupported|Duplicate) value:\\s*)("(?:[^"\\\\]|\\\\.){0,4000}"|\\S+)`,
  'gi',
);
const named = new RegExp(
  String.raw`((${sensitiveWord})["']?\s*(?:[:=]|:=|=>)\s*)("(?:[^"\\]|\\.){0,4000}"|'(?:[^'\\]|\\.){0,4000}'|[^\s,;&"'}\])]+)`,
  'gi',
);
/** A line of YAML keeps its value up to its end. */
const yamlLine = new RegExp(
  String.raw`^([ \t]*(?:- )?["']?[\w.-]{0,100}?(${sensitiveWord})["']?:[ \t]+)(\S.*)$`,
  'gim',
);
/** `--password hunter2`, also with "=". */
const flag = new RegExp(String.raw`(--?(${sensitiveWord})[ =])("[^"]*"|'[^']*'|[^\s"']+)`, 'gi');
/** Words that follow "secret:" or "token:" in a sentence of an error. */
const prose =
  /^(?:cannot|could|failed|failure|not|no|the|a|an|is|was|has|invalid|unsupported|duplicate|missing|unable|error|resource|secrets?|unknown|expected|must|required|forbidden|kubernetes|waiting|true|false|null|string|object|array|integer|boolean|\{|\[|\||>)/i;
/** Where a value is put in later: templates, variables, and what has been taken out already. */
const placeholder = /^["']?(?:\{\{|\$|<|\[redacted\])/;
const encoded = /(?<![\w+/-])[\w+/-]{20,}={0,2}(?![\w+/=])/g;
const padded = /(?<![\w+/-])[\w+/-]{8,}={1,2}(?!=|\w)/g;
const hexadecimal = /(?<![\w:.@-])(?:[0-9a-f]{32,}|[0-9A-F]{32,})(?![\w-])/g;

/**
 * A text with everything taken out that could be a credential: what looks like one, and what stands behind a name like one.
 * Digests (`sha256:…`), uids and the names of Kubernetes pass.
 */
export function redactText(text: string): string {
  if (text.length < 5) return text;
  let safe = text;
  for (const shape of shapes) safe = safe.replace(shape, redactedMark);
  safe = safe
    .replace(urlUser, `$1${redactedMark}@`)
    .replace(
      authorization,
      keepUnless((_, scheme) => `${scheme} ${redactedMark}`, 3),
    )
    .replace(invalidField, `$1${redactedMark}`);
  if (safe.includes('\n')) safe = redactSecretManifests(safe).replace(yamlLine, behindName);
  return safe
    .replace(named, behindName)
    .replace(flag, behindName)
    .replace(padded, (word) => (changes(word) >= 0.3 ? redactedMark : word))
    .replace(encoded, (word) => (isEncoded(word) ? redactedMark : word))
    .replace(hexadecimal, redactedMark);
}

const behindName: Replacement = (match, lead = '', name = '', value = '') => {
  if (!isSensitiveName(name) || placeholder.test(value) || prose.test(value)) return match;
  return `${lead}${redactedMark}`;
};

function keepUnless(replacement: Replacement, valueAt: number): Replacement {
  return (match, ...groups) => {
    const value = groups[valueAt - 1] ?? '';
    // "basic authentication", "bearer token": words.
    return /^[a-z]+$/i.test(value) && value.length < 16 ? match : replacement(match, ...groups);
  };
}

/** Manifests inside of a text, such as the template of a function: all data of a Secret, whatever its keys. */
function redactSecretManifests(text: string): string {
  return text
    .split(/^(---.*\n?)/m)
    .map((document) => (/^[ \t]*kind:\s*["']?Secret\b/m.test(document) ? withoutData(document) : document))
    .join('');
}

function withoutData(document: string): string {
  let dataIndent: number | undefined;
  return document
    .split('\n')
    .map((line) => {
      const indent = line.length - line.trimStart().length;
      if (line.trim() === '') return line;
      if (dataIndent !== undefined && indent > dataIndent) {
        const key = /^\s*["']?[\w.-]+["']?:/.exec(line)?.[0];
        return key === undefined ? `${' '.repeat(indent)}${redactedMark}` : `${key} ${redactedMark}`;
      }
      dataIndent = undefined;
      const start = /^\s*(?:data|stringData):\s*(.*)$/.exec(line);
      if (!start) return line;
      if (start[1] !== '') return line.replace(start[1]!, redactedMark);
      dataIndent = indent;
      return line;
    })
    .join('\n');
}

/** Random bytes in base64 change between capitals, small letters and digits all the time; names of any case do not. */
function isEncoded(word: string): boolean {
  return /[a-z]/.test(word) && /[A-Z]/.test(word) && /\d/.test(word) && changes(word) >= 0.4;
}

/** Share of neighbours that are of different classes. */
function changes(word: string): number {
  let count = 0;
  for (let at = 1; at < word.length; at++) if (classOf(word, at) !== classOf(word, at - 1)) count++;
  return count / word.length;
}

function classOf(word: string, at: number): number {
  const code = word.charCodeAt(at);
  if (code >= 0x61 && code <= 0x7a) return 0;
  if (code >= 0x41 && code <= 0x5a) return 1;
  return code >= 0x30 && code <= 0x39 ? 2 : 3;
}
