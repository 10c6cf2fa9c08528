import { type Html, html } from '../html.ts';
import { serverUrl, type Visit } from '../visit.ts';
import type { Draft } from '../wizard/draft.ts';
import type { Faults } from '../wizard/read-step.ts';
import { checkbox, radios, textField } from './fields.ts';

export function callersStep(visit: Visit, { values, editing }: Draft, errors: Faults): Html {
  const tokens = editing?.complete.authentication?.tokens;
  return html`${radios({
      name: 'door',
      label: 'How callers are known',
      value: values.door,
      errors,
      choices: [
        {
          value: 'tokens',
          label: 'Bearer tokens',
          hint: tokens
            ? `It has ${tokens.length === 1 ? 'one' : tokens.length}: ${tokens.map(({ name }) => name).join(', ')}. More are made on the server's page.`
            : 'One is made now and shown once; more can be made later, one for each agent or person.',
          more: tokens
            ? html`<input type="hidden" name="caller" value="${values.caller}" />`
            : textField({
                name: 'caller',
                label: 'Name of the first caller',
                hint: 'It stands in the audit log and in limits.',
                value: values.caller,
                mono: true,
                maxlength: 100,
                errors,
              }),
        },
        {
          value: 'oauth',
          label: 'OAuth',
          hint: html`Clients find the issuer by themselves (RFC 9728). Tokens have to be for
            <code>${serverUrl(visit, values.name || '…')}</code> and are never passed on.`,
          more: html`${textField({
            name: 'issuer',
            label: 'Issuer',
            hint: 'As it stands in its tokens.',
            value: values.issuer,
            type: 'url',
            mono: true,
            errors,
          })}
          ${textField({
            name: 'audience',
            label: 'Audience (optional)',
            hint: 'Where the issuer cannot put the address of the server into its tokens.',
            value: values.audience,
            mono: true,
            errors,
          })}`,
        },
        ...(values.door === 'anonymous'
          ? [
              {
                value: 'anonymous',
                label: 'Everybody',
                hint: 'As the file says; only on a loopback address.',
              },
            ]
          : []),
      ],
    })}
    <fieldset class="field">
      <legend>On the control plane</legend>
      ${checkbox({
        name: 'impersonate',
        label: 'Act as the caller',
        hint: "Its own rights decide, and its audit log has the caller's name. The server's account needs the right to impersonate.",
        checked: values.impersonationPrefix !== '' || errors['impersonation-prefix'] !== undefined,
        more: textField({
          name: 'impersonation-prefix',
          label: 'Prefix of the names there',
          hint: 'So that no caller has the name of somebody else.',
          value: values.impersonationPrefix || 'agent:',
          mono: true,
          errors,
        }),
        errors,
      })}
    </fieldset>`;
}
