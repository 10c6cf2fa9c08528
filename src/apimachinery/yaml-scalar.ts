/** Where a scalar is printed: a key stays on its line, and folded lines begin at `indent`. */
export interface ScalarPlace {
  isKey: boolean;
  indent: number;
  column: number;
}

const bestWidth = 80;
const breaks = /[\r\n\u0085\u2028\u2029]/;

/** A string in the style go-yaml 2 gives it (encode.go stringv, emitterc.go yaml_emitter_select_scalar_style). */
export function scalarText(text: string, place: ScalarPlace): string {
  const allowed = allowedStyles(text);
  if (text.includes('\n')) {
    return allowed.block && !place.isKey ? literal(text, place.indent) : doubleQuoted(text, place);
  }
  if (!looksLikeText(text)) return doubleQuoted(text, place);
  if (allowed.plain) return folded(text, place, 0);
  return allowed.singleQuoted
    ? `'${folded(text.replaceAll("'", "''"), { ...place, column: place.column + 1 }, 1)}'`
    : doubleQuoted(text, place);
}

const words = new Set(
  'y,Y,yes,Yes,YES,true,True,TRUE,on,On,ON,n,N,no,No,NO,false,False,FALSE,off,Off,OFF,~,null,Null,NULL,.nan,.NaN,.NAN,.inf,.Inf,.INF,+.inf,+.Inf,+.INF,-.inf,-.Inf,-.INF'.split(
    ',',
  ),
);
const integer = /^[-+]?(0[xX][0-9a-fA-F]+|0[oO]?[0-7]*|0[bB][01]+|[1-9]\d*)$/;
const float = /^[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?$/;
const base60 = /^[-+]?\d[\d_]*(?::[0-5]?\d)+(?:\.[\d_]*)?$/;
const timestamp =
  /^\d{4}-\d{1,2}-\d{1,2}([Tt]\d{1,2}:\d{1,2}:\d{1,2}([.,]\d+)?(Z|[-+]\d\d:\d\d)| +\d{1,2}:\d{1,2}:\d{1,2}([.,]\d+)?)?$/;

/** False for what would be read as something else without quotes (resolve.go), numbers to the base 60 included. */
export function looksLikeText(text: string): boolean {
  if (text === '' || words.has(text)) return false;
  if (!/^[-+.\d]/.test(text)) return true;
  const plain = text.startsWith('.') ? text : text.replaceAll('_', '');
  return !(integer.test(plain) || float.test(plain) || base60.test(text) || timestamp.test(text));
}

interface AllowedStyles {
  plain: boolean;
  singleQuoted: boolean;
  block: boolean;
}

/** What yaml_emitter_analyze_scalar finds, outside flow collections. */
function allowedStyles(text: string): AllowedStyles {
  const hasIndicators =
    /^(---|\.\.\.|[#,[\]{}&*!|>'"%@`]|[?:-]([ \t\r\n\u0085\u2028\u2029]|$))/.test(text) ||
    /:([ \t\r\n\u0085\u2028\u2029]|$)|[ \t\r\n\u0085\u2028\u2029]#/.test(text);
  const isSpecial = !isPrintable(text) || / [\r\n\u0085\u2028\u2029]/.test(text);
  const breaksBeforeSpace = /[\r\n\u0085\u2028\u2029] /.test(text);
  const hasEdges = /^[ \r\n\u0085\u2028\u2029]|[ \r\n\u0085\u2028\u2029]$/.test(text);
  return {
    plain: !(hasIndicators || isSpecial || breaksBeforeSpace || hasEdges || breaks.test(text)),
    singleQuoted: !(isSpecial || breaksBeforeSpace),
    block: !(isSpecial || text.endsWith(' ')),
  };
}

/** is_printable of yamlprivateh.go: no tab, and nothing beyond the basic plane. */
function isPrintable(text: string): boolean {
  return /^[\n\u0020-\u007e\u00a0-\ud7ff\ue000-\ufefe\uff00-\ufffd]*$/.test(text);
}

/** Breaks the line at a single space behind column 80; the space becomes the break. `edge` is 1 inside quotes. */
function folded(text: string, { isKey, indent, column }: ScalarPlace, edge: number): string {
  if (isKey || (column + text.length <= bestWidth && !breaks.test(text))) return text;
  let out = '';
  let at = column;
  let wasSpace = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i] as string;
    const isInside = edge === 0 || (i > 0 && i < text.length - 1);
    if (breaks.test(c)) {
      // Breaks other than \n stand in quotes as they are, and the next line is indented.
      out += breaks.test(text[i + 1] ?? '\n') ? c : c + ' '.repeat(indent);
      at = indent;
    } else if (c === ' ' && !wasSpace && at > bestWidth && isInside && text[i + 1] !== ' ') {
      out += `\n${' '.repeat(indent)}`;
      at = indent;
    } else {
      out += c;
      at++;
    }
    wasSpace = c === ' ';
  }
  return out;
}

function literal(text: string, indent: number): string {
  const hint = /^[ \r\n\u0085\u2028\u2029]/.test(text) ? '2' : '';
  const [last, before] = [text.at(-1) as string, text.at(-2)];
  let chomp = '';
  if (!breaks.test(last)) chomp = '-';
  else if (before === undefined || breaks.test(before)) chomp = '+';
  const pad = ' '.repeat(indent);
  const body = text.replaceAll(/[^\r\n\u0085\u2028\u2029]+/g, (line) => pad + line);
  return `|${hint}${chomp}\n${body}`;
}

const escapes = new Map([
  [0x00, '0'],
  [0x07, 'a'],
  [0x08, 'b'],
  [0x09, 't'],
  [0x0a, 'n'],
  [0x0b, 'v'],
  [0x0c, 'f'],
  [0x0d, 'r'],
  [0x1b, 'e'],
  [0x22, '"'],
  [0x5c, '\\'],
  [0x85, 'N'],
  [0xa0, '_'],
  [0x2028, 'L'],
  [0x2029, 'P'],
]);

function doubleQuoted(text: string, { isKey, indent, column }: ScalarPlace): string {
  let out = '"';
  let at = column + 1;
  let wasSpace = false;
  const runes = Array.from(text);
  for (const [i, rune] of runes.entries()) {
    const isInside = i > 0 && i < runes.length - 1;
    if (rune === ' ' && !isKey && !wasSpace && at > bestWidth && isInside) {
      out += `\n${' '.repeat(indent)}${runes[i + 1] === ' ' ? '\\' : ''}`;
      at = indent;
    } else {
      const shown = escaped(rune);
      out += shown;
      at += shown.length;
    }
    wasSpace = rune === ' ';
  }
  return `${out}"`;
}

function escaped(rune: string): string {
  if (isPrintable(rune) && !breaks.test(rune) && rune !== '"' && rune !== '\\') return rune;
  const code = rune.codePointAt(0) as number;
  const short = escapes.get(code);
  if (short !== undefined) return `\\${short}`;
  const hex = code.toString(16).toUpperCase();
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}
