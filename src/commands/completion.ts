import { type Command, Command as CommandClass, Argument } from "commander";

const SHELLS = ["bash", "zsh", "fish"] as const;
type Shell = (typeof SHELLS)[number];

/** One command with what may follow it. */
interface Node {
  /** Words that lead to it, without the program's name. */
  readonly path: readonly string[];
  readonly commands: readonly (readonly [name: string, says: string])[];
  readonly options: readonly (readonly [flag: string, says: string])[];
  /** Choices of its first argument. */
  readonly choices: readonly string[];
}

/** `scopetrail completion SHELL`, from the commands as they are. */
export function completionCommand(program: () => Command): Command {
  return new CommandClass("completion")
    .description("Print the completion of a shell.")
    .addArgument(new Argument("<shell>").choices(SHELLS))
    .addHelpText(
      "after",
      `
Examples:
  scopetrail completion bash > ~/.local/share/bash-completion/completions/scopetrail
  scopetrail completion zsh > "\${fpath[1]}/_scopetrail"
  scopetrail completion fish > ~/.config/fish/completions/scopetrail.fish`,
    )
    .action((shell: Shell) => {
      process.stdout.write(completion(shell, program()));
    });
}

/** The script that completes every command and option of the program. */
export function completion(shell: Shell, program: Command): string {
  const nodes = nodesOf(program, []);
  const name = program.name();
  switch (shell) {
    case "bash":
      return bash(name, nodes);
    case "zsh":
      return `#compdef ${name}\nautoload -U +X bashcompinit && bashcompinit\n${bash(name, nodes)}`;
    case "fish":
      return fish(name, nodes);
  }
}

function nodesOf(command: Command, path: readonly string[]): readonly Node[] {
  const help = [["--help", "show help"] as const];
  const node: Node = {
    path,
    commands: command.commands.map((one) => [one.name(), one.description()]),
    options: [
      ...command.options.flatMap(({ long, description }) => (long == null ? [] : [[long, description] as const])),
      ...help,
    ],
    choices: command.registeredArguments[0]?.argChoices ?? [],
  };
  return [node, ...command.commands.flatMap((one) => nodesOf(one, [...path, one.name()]))];
}

/** One case a command: the words before the cursor that are no options lead to it. Files are completed where nothing else fits. */
function bash(name: string, nodes: readonly Node[]): string {
  const cases = nodes.map(({ path, commands, options, choices }) => {
    const words = [...commands.map(([one]) => one), ...choices].join(" ");
    const flags = options.map(([flag]) => flag).join(" ");
    return `    "${path.join(" ")}") words="${words}"; flags="${flags}" ;;`;
  });
  const paths = nodes.map(({ path }) => `"${path.join(" ")}"`).join("|");
  return `_${name}() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" at="" next word words="" flags=""
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) continue ;; esac
    next="\${at:+$at }$word"
    case "$next" in ${paths}) at="$next" ;; esac
  done
  case "$at" in
${cases.join("\n")}
  esac
  case "$cur" in
    -*) COMPREPLY=($(compgen -W "$flags" -- "$cur")) ;;
    *) COMPREPLY=($(compgen -W "$words" -- "$cur")) ;;
  esac
  if [ "\${#COMPREPLY[@]}" -eq 0 ]; then COMPREPLY=($(compgen -f -- "$cur")); fi
}
complete -o filenames -F _${name} ${name}
`;
}

const quoted = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;

function fish(name: string, nodes: readonly Node[]): string {
  const lines = nodes.flatMap(({ path, commands, options, choices }) => {
    const when =
      path.length === 0
        ? "__fish_use_subcommand"
        : path.map((word) => `__fish_seen_subcommand_from ${word}`).join("; and ");
    const condition = `complete -c ${name} -n ${quoted(when)}`;
    return [
      ...commands.map(([one, says]) => `${condition} -a ${one} -d ${quoted(says)}`),
      ...choices.map((one) => `${condition} -a ${one}`),
      ...options.map(([flag, says]) => `${condition} -l ${flag.slice(2)} -d ${quoted(says)}`),
    ];
  });
  return `${lines.join("\n")}\n`;
}
