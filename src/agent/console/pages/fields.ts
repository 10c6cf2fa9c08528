import { attributes, type Html, html, type Printable } from '../html.ts';

/** What is wrong with a form: a sentence for each field, by its name. */
export type FieldErrors = Readonly<Record<string, string>>;

interface Field {
  name: string;
  label: string;
  hint?: Printable;
  errors: FieldErrors;
}

interface TextField extends Field {
  value: string;
  type?: 'text' | 'url' | 'number' | 'password' | 'search';
  autocomplete?: string;
  required?: boolean;
  min?: number;
  max?: number;
  maxlength?: number;
  /** Shown after the number. */
  unit?: string;
  spellcheck?: boolean;
  mono?: boolean;
}

/** Label, hint, fault and input, tied together for those who do not see them beside each other. */
export function textField(field: TextField): Html {
  const { name, type = 'text', unit } = field;
  const input = html`<input
    ${attributes({
      id: name,
      name,
      type,
      value: field.value,
      class: field.mono ? 'mono' : undefined,
      required: field.required,
      min: field.min,
      max: field.max,
      maxlength: field.maxlength,
      autocomplete: field.autocomplete ?? 'off',
      spellcheck: field.spellcheck ? 'true' : 'false',
      ...described(field),
    })}
  />`;
  return html`<div class="field">
    <label for="${name}">${field.label}</label>
    ${hintAndFault(field)}
    ${unit === undefined ? input : html`<span class="with-unit">${input}<span>${unit}</span></span>`}
  </div>`;
}

export function textArea(
  field: Field & { value: string; rows: number; mono?: boolean; maxlength?: number },
): Html {
  return html`<div class="field">
    <label for="${field.name}">${field.label}</label>
    ${hintAndFault(field)}
    <textarea
      ${attributes({
        id: field.name,
        name: field.name,
        rows: field.rows,
        maxlength: field.maxlength,
        class: field.mono ? 'mono' : undefined,
        autocomplete: 'off',
        spellcheck: field.mono ? 'false' : 'true',
        ...described(field),
      })}
    >
${field.value}</textarea>
  </div>`;
}

export function checkbox(
  field: Field & { checked: boolean; value?: string; id?: string; more?: Printable },
): Html {
  const id = field.id ?? field.name;
  return html`<div class="choice">
    <input
      ${attributes({
        type: 'checkbox',
        id,
        name: field.name,
        value: field.value ?? 'yes',
        checked: field.checked,
        'aria-describedby': field.hint ? `${id}-hint` : undefined,
      })}
    />
    <label for="${id}">${field.label}</label>
    ${field.hint && html`<p class="hint" id="${id}-hint">${field.hint}</p>`}
    ${field.more && html`<div class="more">${field.more}</div>`}
  </div>`;
}

export interface RadioChoice {
  value: string;
  label: string;
  hint?: Printable;
  /** Shown while it is chosen. */
  more?: Printable;
}

/** One of several; what belongs to a choice is shown below it, and by CSS alone only while it is chosen. */
export function radios(field: Field & { value: string; choices: readonly RadioChoice[] }): Html {
  const { name } = field;
  return html`<fieldset class="field" ${field.errors[name] && html`aria-describedby="${name}-fault"`}>
    <legend>${field.label}</legend>
    ${hintAndFault(field)}
    ${field.choices.map(({ value, label, hint, more }, at) => {
      const id = at === 0 ? name : `${name}-${value}`;
      return html`<div class="choice">
        <input
          ${attributes({
            type: 'radio',
            id,
            name,
            value,
            checked: value === field.value,
            'aria-describedby': hint ? `${id}-hint` : undefined,
          })}
        />
        <label for="${id}">${label}</label>
        ${hint && html`<p class="hint" id="${id}-hint">${hint}</p>`}
        ${more && html`<div class="more">${more}</div>`}
      </div>`;
    })}
  </fieldset>`;
}

/** Above a form that was refused; it takes the focus, and leads to each field. */
export function errorSummary(errors: FieldErrors): Html | undefined {
  const faults = Object.entries(errors);
  if (faults.length === 0) return undefined;
  return html`<div class="note failed" role="alert" tabindex="-1" data-focus>
    <h2>
      ${faults.length === 1 ? 'One thing needs another look' : `${faults.length} things need another look`}
    </h2>
    <ul>
      ${faults.map(([name, sentence]) => html`<li><a href="#${name}">${sentence}</a></li>`)}
    </ul>
  </div>`;
}

function hintAndFault({ name, hint, errors }: Field): Printable {
  return [
    hint && html`<p class="hint" id="${name}-hint">${hint}</p>`,
    errors[name] && html`<p class="fault" id="${name}-fault">${errors[name]}</p>`,
  ];
}

function described({ name, hint, errors }: Field): Record<string, string | undefined> {
  const ids = [hint ? `${name}-hint` : '', errors[name] ? `${name}-fault` : ''].filter(Boolean);
  return {
    'aria-describedby': ids.length > 0 ? ids.join(' ') : undefined,
    'aria-invalid': errors[name] ? 'true' : undefined,
  };
}
