import { toolsetLabels } from '../catalogue.ts';
import { type Html, html } from '../html.ts';
import { serverUrl, type Visit } from '../visit.ts';
import type { Draft } from '../wizard/draft.ts';
import type { Faults } from '../wizard/read-step.ts';
import { checkbox, radios, textArea, textField } from './fields.ts';

export function nameStep(visit: Visit, { values, editing }: Draft, errors: Faults): Html {
  return html`${
    editing
      ? html`<div class="field">
          <span class="label">Name</span>
          <p class="hint">The name stays: it is part of the address that clients have.</p>
          <p><code>${serverUrl(visit, editing.name)}</code></p>
        </div>`
      : textField({
          name: 'name',
          label: 'Name',
          hint: html`Part of the address: <code>${serverUrl(visit, '…')}</code>. Lower-case letters, digits
            and hyphens.`,
          value: values.name,
          required: true,
          maxlength: 63,
          mono: true,
          errors,
        })
  }
  ${textArea({
    name: 'description',
    label: 'Description',
    hint: 'For the agent: what this server is for, and what it is not for. Two or three sentences help it to choose.',
    value: values.description,
    rows: 5,
    maxlength: 2000,
    errors,
  })}`;
}

export function behaviourStep(_visit: Visit, { values }: Draft, errors: Faults): Html {
  return html`${textField({
      name: 'timeout',
      label: 'Time-out of a call',
      hint: 'From 5 to 60 seconds. A call that is cut off says what it had done by then.',
      value: String(values.timeoutSeconds),
      type: 'number',
      min: 5,
      max: 60,
      unit: 'seconds',
      errors,
    })}
    <fieldset class="field">
      <legend>Safety</legend>
      ${checkbox({
        name: 'production',
        label: 'Production mode',
        hint: 'Packages only in a fixed version, and never without an audit log.',
        checked: values.production,
        errors,
      })}
      ${checkbox({
        name: 'read-only',
        label: 'Read-only',
        hint: 'Tools that write are not offered, and no request that writes leaves the gateway.',
        checked: values.readOnly,
        errors,
      })}
      ${checkbox({
        name: 'person',
        label: 'Only a person may confirm',
        hint: 'What deletes or changes is always confirmed, with what it would affect. With this, clients that cannot ask a person cannot do it at all.',
        checked: values.confirmation === 'person',
        errors,
      })}
    </fieldset>
    <fieldset class="field" ${errors['toolsets'] && html`aria-describedby="toolsets-fault"`}>
      <legend>Tools</legend>
      <p class="hint">Each tool costs room in every conversation: offer what the agent is for.</p>
      ${errors['toolsets'] && html`<p class="fault" id="toolsets-fault">${errors['toolsets']}</p>`}
      <div class="grid">
        ${toolsetLabels.map(({ id, label, hint }, at) =>
          checkbox({
            name: 'toolsets',
            id: at === 0 ? 'toolsets' : `toolsets-${id}`,
            value: id,
            label,
            hint,
            checked: values.toolsets.includes(id),
            errors,
          }),
        )}
      </div>
    </fieldset>
    ${radios({
      name: 'style',
      label: 'Style of the tools',
      value: values.style,
      errors,
      choices: [
        {
          value: 'named',
          label: 'Named',
          hint: 'One tool for each thing to do: list_xrds, create_composition, …',
        },
        {
          value: 'compact',
          label: 'Compact',
          hint: 'Six tools with a kind as parameter, for small context windows.',
        },
      ],
    })}
    ${textField({
      name: 'registries',
      label: 'Package registries',
      hint: 'Hosts, or hosts with a path, that packages may come from, with spaces between them. Empty: every one.',
      value: values.registries.join(' '),
      mono: true,
      errors,
    })}`;
}

export function limitsStep(_visit: Visit, { values }: Draft, errors: Faults): Html {
  const limit = (name: string, label: string, value: number): Html =>
    textField({
      name,
      label,
      value: String(value),
      type: 'number',
      min: 0,
      max: 1_000_000,
      unit: 'a minute',
      errors,
    });
  return html`<fieldset class="field">
      <legend>Calls of one caller</legend>
      <p class="hint">What is above waits or is told when to come back. 0 means no limit.</p>
      <div class="grid three">
        ${limit('reads', 'Reads', values.readsPerMinute)}
        ${limit('creates', 'Creates', values.createsPerMinute)}
        ${limit('destructive', 'Changes and deletions', values.destructivePerMinute)}
      </div>
    </fieldset>
    ${radios({
      name: 'log',
      label: 'Audit log',
      hint: 'One line of JSON a call: who, what, on which object, with which result. Secrets are taken out.',
      value: values.log,
      errors,
      choices: [
        { value: 'stdout', label: 'Standard output', hint: 'Where the cluster gathers the logs of pods.' },
        {
          value: 'file',
          label: 'A file',
          more: textField({ name: 'log-path', label: 'Path', value: values.logPath, mono: true, errors }),
        },
        { value: 'none', label: 'No log', hint: 'Not in production mode.' },
      ],
    })}`;
}
