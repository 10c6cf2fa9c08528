import { Command } from 'commander';
import { ConnectorError } from '../base/errors.ts';
import { apiName } from '../claim-moves/claim-api.ts';
import { Ledger } from '../claim-moves/ledger.ts';
import { interruptedMoves, planMoves, planOfEntry } from '../claim-moves/plan.ts';
import { runMoves } from '../claim-moves/run-moves.ts';
import { planUndo, runUndo } from '../claim-moves/undo.ts';
import { KubeClient } from '../clusters/kube-client.ts';
import { addControlPlaneOptions, openControlPlane } from './control-plane.ts';
import { addJudgement } from './move-judgement.ts';
import { carryOut } from './move-report.ts';
import { chosen, isChosen, type MoveConnection, type MoveFlags, requestsFor } from './move-selection.ts';
import { outputOption, printed } from './output-format.ts';
import { columns } from './table.ts';
import { processTerminal } from './terminal.ts';

/** `mcp-connector move`, and below it resume, undo and list. */
export function moveCommand(): Command {
  const command = new Command('move')
    .description(
      'Move claims on the control plane to another namespace or name, and leave what is behind them as it is',
    )
    .argument(
      '[claims...]',
      'RESOURCE/NAME, several of them, or RESOURCE with --all or --selector; nothing with --all for every kind',
    )
    .option(
      '--to-namespace <namespace>',
      'namespace of the control plane to move to; default: the one they are in',
    )
    .option('--to-name <name>', 'new name; for one claim')
    .option(
      '--name-pattern <pattern>',
      'new names, made of {name} and {namespace}, as users of the app cluster call it, and {id}, the name it has',
    )
    .option('-l, --selector <selector>', 'claims with these labels only')
    .option('--all', 'all claims of the namespace', false)
    .option('--dry-run', 'print what would be done, and what stands in the way', false)
    .addHelpText(
      'after',
      `
  mcp-connector move databases.example.org/claim-1f2e3d4c5b6a7988 -n app-cluster-1 --to-namespace shop --to-name orders
  mcp-connector move --all -n app-cluster-1 --to-namespace shop --name-pattern '{namespace}-{name}' --dry-run
  mcp-connector move undo --all -n app-cluster-1`,
    );
  addJudgement(addCommon(command)).action(async (claims: string[], flags: MoveFlags) => {
    requireNamespace(flags);
    await using controlPlane = openControlPlane(flags);
    const client = new KubeClient(controlPlane);
    const begun = await interruptedMoves(client, flags.namespace, new Set());
    const requests = await requestsFor(client, claims, flags, begun);
    const judged = { guard: flags.guard, ignored: flags.ignorePreflightErrors };
    const known = new Set(requests.map(({ from }) => from.uid));
    const left = begun.filter(
      (move) => !known.has(move.record.from.uid) && isChosen(move, claims, flags.all),
    );
    const planned = [...(await planMoves(client, requests, judged)), ...left];
    await carryOut({
      planned,
      ...flags,
      what: 'Move',
      run: (options) => runMoves(planned, { ...options, client }),
    });
  });
  // What stands behind the word undo is for undo.
  return command
    .enablePositionalOptions()
    .addCommand(resumeCommand())
    .addCommand(undoCommand())
    .addCommand(listCommand());
}

function resumeCommand(): Command {
  const command = new Command('resume').description('Take up moves that were cut off');
  return addCommon(command).action(async (flags: MoveConnection) => {
    requireNamespace(flags);
    await using controlPlane = openControlPlane(flags);
    const client = new KubeClient(controlPlane);
    const entries = (await new Ledger(client).list(flags.namespace)).filter(
      ({ phase }) => phase !== 'moved' && phase !== 'undone',
    );
    const planned = entries.map((entry) => planOfEntry(entry));
    await carryOut({
      planned,
      ...flags,
      dryRun: false,
      what: 'Resume',
      run: (options) => runMoves(planned, { ...options, client }),
    });
  });
}

function undoCommand(): Command {
  const command = new Command('undo')
    .description('Take moves back, also those that have ended')
    .argument('[claims...]', 'RESOURCE/NAME, as the claims were called before')
    .option('--all', 'all moves from the namespace', false)
    .option('--dry-run', 'print what would be done, and what stands in the way', false);
  return addJudgement(addCommon(command)).action(async (claims: string[], flags: MoveFlags) => {
    requireNamespace(flags);
    await using controlPlane = openControlPlane(flags);
    const client = new KubeClient(controlPlane);
    const entries = chosen(await new Ledger(client).list(flags.namespace), claims, flags.all);
    const plan = await planUndo(client, entries, {
      guard: flags.guard,
      ignored: flags.ignorePreflightErrors,
    });
    await carryOut({
      planned: plan.planned,
      ...flags,
      what: 'Undo',
      run: (options) => runUndo(plan, { ...options, client }),
    });
  });
}

function listCommand(): Command {
  const command = new Command('list').description('List the moves from a namespace');
  return addConnection(command)
    .addOption(outputOption())
    .action(async (flags: MoveConnection) => {
      requireNamespace(flags);
      await using controlPlane = openControlPlane(flags);
      const entries = await new Ledger(new KubeClient(controlPlane)).list(flags.namespace);
      const moves = entries.map(({ phase, record }) => ({
        resource: apiName(record.api),
        from: { namespace: record.from.namespace, name: record.from.name },
        to: record.to,
        composite: record.composite.name,
        phase,
        reason: record.reason,
      }));
      processTerminal().out(printed({ moves }, flags.output, () => tableOf(moves)));
    });
}

function tableOf(
  moves: {
    resource: string;
    from: { name: string };
    to: { namespace: string; name: string };
    phase: string;
    reason: string | undefined;
  }[],
): string {
  if (moves.length === 0) return 'No moves found.\n';
  const rows = moves.map(({ resource, from, to, phase, reason }) => [
    `${resource}/${from.name}`,
    `${to.namespace}/${to.name}`,
    phase,
    reason ?? '',
  ]);
  return columns([['CLAIM', 'TO', 'PHASE', 'REASON'], ...rows]);
}

/** The options of a command count for those below it too, where they are needed and not where they are optional. */
function requireNamespace({ namespace }: MoveConnection): void {
  if (namespace === '')
    throw new ConnectorError(
      'bad-flag',
      '--namespace is needed: the namespace of the control plane that the claims are in',
    );
}

function addConnection(command: Command): Command {
  return addControlPlaneOptions(command, 'change composite resources').option(
    '-n, --namespace <namespace>',
    'namespace of the control plane that the claims are in, or were; needed',
    '',
  );
}

function addCommon(command: Command): Command {
  return addConnection(command).option('-y, --yes', 'do not ask', false).addOption(outputOption());
}
