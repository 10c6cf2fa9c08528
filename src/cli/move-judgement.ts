import { type Command, Option } from 'commander';
import { ConnectorError } from '../base/errors.ts';
import { type BlockerReason, ignorableReasons } from '../claim-moves/preflight.ts';

/** How careful a move is to be, and what its user has judged already. */
export function addJudgement(command: Command): Command {
  return command
    .option(
      '--guard',
      'keep composite resources from being deleted meanwhile, by a Usage of Crossplane',
      false,
    )
    .addOption(
      new Option(
        '--ignore-preflight-errors <reasons>',
        `go on in spite of these, separated by commas: ${ignorableReasons.join(', ')}`,
      )
        .default([], 'none')
        .argParser(parseReasons),
    );
}

function parseReasons(given: string): BlockerReason[] {
  return given.split(',').map((word) => {
    const reason = ignorableReasons.find((known) => known.toLowerCase() === word.trim().toLowerCase());
    if (reason) return reason;
    throw new ConnectorError(
      'bad-flag',
      `--ignore-preflight-errors: "${word}" cannot be ignored; those that can are ${ignorableReasons.join(', ')}`,
    );
  });
}
