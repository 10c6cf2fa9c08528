import { type InputRequiredResult, inputRequired, inputResponse } from '@modelcontextprotocol/server';
import { ToolError, type ToolErrorFacts } from '../tools/tool-error.ts';
import type { Change } from '../tools/tool.ts';
import { type ConfirmationCodes, confirmationLifetimeSeconds, type Confirmed } from './confirmation-codes.ts';

/** Thrown through a tool: its call ends here, and comes again with a person's answer. */
export class AsksPerson extends Error {
  readonly question: InputRequiredResult;

  constructor(question: InputRequiredResult) {
    super('a person is asked');
    this.question = question;
  }
}

/** The code stands apart from the error's details: it looks like a credential, and those are taken out of every answer. */
export class NeedsCode extends ToolError {
  readonly confirm: string;

  constructor(message: string, facts: ToolErrorFacts, confirm: string) {
    super('confirmation_required', message, facts);
    this.confirm = confirm;
  }
}

/** What a call brought along for its confirmation. */
export interface ConfirmationGiven {
  /** The client can put a question to a person (elicitation in form mode). */
  canAskPerson: boolean;
  /** `confirm` of the arguments. */
  code: string | undefined;
  /** Answers to the question, and the state that went out with it: from the client, believed in nothing. */
  responses: Record<string, unknown> | undefined;
  state: string | undefined;
}

export interface ConfirmingOptions {
  codes: ConfirmationCodes;
  /** Nobody but a person may confirm. */
  personOnly: boolean;
  given: ConfirmationGiven;
  bound: Omit<Confirmed, 'channel' | 'change'>;
}

const questionKey = 'confirm';
/** Of the lines that say what goes with it. */
const maxEffects = 25;

/** How the change was confirmed. Throws AsksPerson, or ToolError `confirmation_required`: nothing is confirmed by default. */
export function confirmChange(change: Change, options: ConfirmingOptions): 'elicitation' | 'argument' {
  const { given, personOnly } = options;
  if (given.canAskPerson) return confirmByPerson(change, options);
  if (personOnly)
    throw new ToolError(
      'confirmation_required',
      `not done, a person has to confirm it: this ${change.summary}`,
      {
        hint: "this server takes no confirmation but a person's, and this client cannot ask one: use a client that supports elicitation",
        details: { effects: shown(change) },
      },
    );
  return confirmByArgument(change, options);
}

function confirmByPerson(change: Change, { codes, given, bound }: ConfirmingOptions): 'elicitation' {
  const confirmed: Confirmed = { ...bound, channel: 'person', change };
  const answer = inputResponse(given.responses, questionKey);
  let before = '';
  if (answer.kind === 'elicit' && given.state !== undefined) {
    if (answer.action !== 'accept' || answer.content?.[questionKey] !== true)
      throw new ToolError(
        'confirmation_required',
        `not done: the person who was asked said no (it ${change.summary})`,
        {
          hint: 'do not call again unless the person asks for it',
          details: { answer: answer.action === 'accept' ? 'decline' : answer.action },
        },
      );
    switch (codes.redeem(given.state, confirmed)) {
      case 'valid':
        return 'elicitation';
      case 'used':
        throw used(change);
      case 'void':
        before = 'What you confirmed has changed since, or it took too long. ';
    }
  }
  throw new AsksPerson(
    inputRequired({
      inputRequests: {
        [questionKey]: inputRequired.elicit({
          message: `${before}This ${[change.summary, ...shown(change)].join('\n- ')}`,
          requestedSchema: {
            type: 'object',
            properties: {
              [questionKey]: {
                type: 'boolean',
                title: 'Do it',
                description: 'Yes, make this change',
                default: false,
              },
            },
            required: [questionKey],
          },
        }),
      },
      requestState: codes.issue(confirmed),
    }),
  );
}

function confirmByArgument(change: Change, { codes, given, bound }: ConfirmingOptions): 'argument' {
  const confirmed: Confirmed = { ...bound, channel: 'argument', change };
  let why = 'it has to be confirmed';
  if (given.code !== undefined) {
    switch (codes.redeem(given.code, confirmed)) {
      case 'valid':
        return 'argument';
      case 'used':
        throw used(change);
      case 'void':
        why =
          'the code does not fit: it was given for other arguments or another caller, the objects or the extent have changed since, or it is too old';
    }
  }
  throw new NeedsCode(
    `not done, ${why}: this ${change.summary}`,
    {
      hint: 'show the person what would happen; if they agree, repeat the call with the same arguments and the code below as confirm',
      details: { effects: shown(change), expires_in_seconds: confirmationLifetimeSeconds },
    },
    codes.issue(confirmed),
  );
}

function used({ summary }: Change): ToolError {
  return new ToolError(
    'confirmation_required',
    `not done: this confirmation was used before (it ${summary})`,
    {
      hint: 'read what is there now; a further change needs a confirmation of its own',
    },
  );
}

/** Names in it come from the cluster: one line each, and nothing that a terminal would act on. */
function shown({ effects }: Change): string[] {
  const lines = effects.slice(0, maxEffects).map((line) => line.replaceAll(/\p{Cc}/gu, ' '));
  return effects.length > maxEffects ? [...lines, `and ${effects.length - maxEffects} more`] : lines;
}
