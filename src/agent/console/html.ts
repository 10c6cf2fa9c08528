/** Text that may stand in a page as it is. Made by `html` alone, so that everything else is escaped. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }
}

/** `false`, null and undefined print nothing: `${isNew && html`…`}`. */
export type Printable = Html | string | number | false | null | undefined | readonly Printable[];

/**
 * Markup with values in it, each escaped for text and for attributes in double quotes. There is no way around it: what
 * definitions, callers and clusters say can never become markup.
 */
export function html(parts: TemplateStringsArray, ...values: readonly Printable[]): Html {
  let text = parts[0] ?? '';
  for (const [at, value] of values.entries()) text += printed(value) + (parts[at + 1] ?? '');
  return new Html(text);
}

/** Attributes with a value; `true` stands without one, `false` and undefined not at all. */
export function attributes(given: Record<string, string | number | boolean | undefined>): Html {
  const words = Object.entries(given).map(([name, value]) => {
    if (value === false || value === undefined) return '';
    return value === true ? ` ${name}` : ` ${name}="${escaped(String(value))}"`;
  });
  return new Html(words.join(''));
}

function printed(value: Printable): string {
  if (value instanceof Html) return value.text;
  if (value === false || value === null || value === undefined) return '';
  if (typeof value === 'object') return value.map(printed).join('');
  return escaped(String(value));
}

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (letter) => entities[letter] ?? '');
}
