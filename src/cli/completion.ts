import { Argument, Command, type Option } from 'commander';
import { processTerminal } from './terminal.ts';

const shells = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof shells)[number];

/** `mcp-connector completion bash|zsh|fish`: a script that knows the commands and flags of `program`, and asks nobody. */
export function completionCommand(program: Command): Command {
  return new Command('completion')
    .description('Print the completion script of a shell')
    .addArgument(new Argument('<shell>', 'the shell').choices(shells))
    .addHelpText(
      'after',
      `
  source <(mcp-connector completion bash)
  source <(mcp-connector completion zsh)
  mcp-connector completion fish | source`,
    )
    .action((shell: Shell) => processTerminal().out(completionScript(program, shell)));
}

/** A command by its path (`move/undo`; empty for the program), with what may follow it. */
interface Place {
  path: string;
  words: { word: string; help: string }[];
  options: readonly Option[];
}

export function completionScript(program: Command, shell: Shell): string {
  const places = placesBelow(program, '');
  return shell === 'fish' ? fishScript(places) : bashScript(places, shell === 'zsh');
}

function placesBelow(command: Command, path: string): Place[] {
  const visible = command.createHelp().visibleCommands(command);
  const words = [
    ...visible.map((one) => ({ word: one.name(), help: one.description() })),
    ...command.registeredArguments
      .flatMap(({ argChoices }) => argChoices ?? [])
      .map((word) => ({ word, help: '' })),
  ];
  const below = visible
    .filter((one) => one.name() !== 'help')
    .flatMap((one) => placesBelow(one, path === '' ? one.name() : `${path}/${one.name()}`));
  return [{ path, words, options: command.createHelp().visibleOptions(command) }, ...below];
}

/** Without words to offer, the shell falls back to the names of files. zsh reads it through bashcompinit. */
function bashScript(places: readonly Place[], isZsh: boolean): string {
  const paths = places.map(({ path }) => path).filter((path) => path !== '');
  const flags = ({ options }: Place): string[] => options.flatMap(({ long }) => long ?? []);
  const withChoices = new Map(
    places.flatMap(({ options }) =>
      options.flatMap((option) => (option.argChoices ? [[option.flags, option] as const] : [])),
    ),
  );
  const choices = [...withChoices.values()].map(
    ({ short, long, argChoices }) =>
      `    ${[short, long].filter((one) => one !== undefined).join('|')}) words="${argChoices?.join(' ')}" ;;`,
  );
  const cases = places.map(
    (place) =>
      `      "${place.path}") words="${place.words.map(({ word }) => word).join(' ')}"; flags="${flags(place).join(' ')}" ;;`,
  );
  return `${isZsh ? '#compdef mcp-connector\nautoload -U +X bashcompinit && bashcompinit\n' : ''}_mcp_connector() {
  local path="" words="" flags="" word at
  for ((at = 1; at < COMP_CWORD; at++)); do
    word="\${path:+$path/}\${COMP_WORDS[at]}"
    case " ${paths.join(' ')} " in *" $word "*) path=$word ;; esac
  done
  case "\${COMP_WORDS[COMP_CWORD-1]}" in
${choices.join('\n')}
    *) case "$path" in
${cases.join('\n')}
    esac ;;
  esac
  case "\${COMP_WORDS[COMP_CWORD]}" in -*) words=$flags ;; esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _mcp_connector mcp-connector
`;
}

function fishScript(places: readonly Place[]): string {
  const lines = places.flatMap(({ path, words, options }) => {
    const commands = words.map(({ word }) => word).join(' ');
    const before =
      path === ''
        ? '__fish_use_subcommand'
        : `${seen(path)}; and not __fish_seen_subcommand_from ${commands}`;
    return [
      ...words.map(
        ({ word, help }) => `complete -c mcp-connector -f -n ${quoted(before)} -a ${word} -d ${quoted(help)}`,
      ),
      ...options.map(({ short, long, argChoices, required, description }) =>
        [
          'complete -c mcp-connector',
          ...(path === '' ? [] : [`-n ${quoted(seen(path))}`]),
          ...(short === undefined ? [] : [`-s ${short.slice(1)}`]),
          ...(long === undefined ? [] : [`-l ${long.slice(2)}`]),
          ...(required ? ['-r'] : []),
          ...(argChoices ? [`-f -a ${quoted(argChoices.join(' '))}`] : []),
          `-d ${quoted(description)}`,
        ].join(' '),
      ),
    ];
  });
  return `${lines.join('\n')}\n`;
}

function quoted(text: string): string {
  return `'${text.replaceAll(/[\\']/g, '\\$&')}'`;
}

function seen(path: string): string {
  return path
    .split('/')
    .filter((name) => name !== '')
    .map((name) => `__fish_seen_subcommand_from ${name}`)
    .join('; and ');
}
