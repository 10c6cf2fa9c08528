import { type Command, Option } from 'commander';
import { ConnectorError } from '../base/errors.ts';
import { ignorableReasons } from '../claim-moves/preflight.ts';

/** How careful a move is to be, and what its user has judged already. */
export function addJudgement(command: Command): Command {
  return command
    .option(
      '--guard',
      'keep composite resources from being deleted meanwhile, by a Usage of Crossplane',
      false,
    )
    .addOption(ignoreOption(ignorableReasons));
}

/** `--ignore-preflight-errors`, as kubeadm has it. Throws ConnectorError `bad-flag` for a reason that cannot be ignored. */
export function ignoreOption(ignorable: readonly string[]): Option {
  const all = ignorable.join(', ');
  return new Option(
    '--ignore-preflight-errors <reasons>',
    `go on in spite of these, separated by commas: ${all}`,
  )
    .default([], 'none')
    .argParser((given) =>
      given.split(',').map((word) => {
        const reason = ignorable.find((known) => known.toLowerCase() === word.trim().toLowerCase());
        if (reason !== undefined) return reason;
        throw new ConnectorError(
          'bad-flag',
          `--ignore-preflight-errors: "${word}" cannot be ignored; those that can are ${all}`,
        );
      }),
    );
}
