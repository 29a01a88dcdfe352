import { AppError, didYouMean } from '@trainyard/contract'
import type { Command } from 'commander'
import type { Cli } from '../cli.ts'
import { addExamples } from '../examples.ts'

export function define(command: Command, cli: Cli): void {
  command
    .description('Print a script that lets the shell complete commands, options, runs and artifacts.')
    .argument('<shell>', 'bash, zsh or fish')
    .action(async (shell: string) => {
      const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined
      if (script === undefined) {
        throw new AppError(
          'invalid_argument',
          `There is no completion for '${shell}'${didYouMean(shell, Object.keys(scripts))}; there is bash, zsh and fish.`,
        )
      }
      await cli.write(script)
    })
  addExamples(command, cli, [
    ['trainyard completion bash >> ~/.bashrc', 'for bash'],
    ['trainyard completion zsh > ~/.zfunc/_trainyard', 'for zsh, in a folder of fpath'],
    ['trainyard completion fish > ~/.config/fish/completions/trainyard.fish', 'for fish'],
  ])
}

/** The scripts only ask `trainyard __complete`, one candidate a line, so they never grow old. No candidate means: complete files. */
const scripts: Record<string, string> = {
  bash: `# trainyard completion for bash
_trainyard() {
  local IFS=$'\\n'
  COMPREPLY=($(trainyard __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _trainyard trainyard
`,
  zsh: `#compdef trainyard
# trainyard completion for zsh
_trainyard() {
  local -a candidates
  candidates=("\${(@f)$(trainyard __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "\${candidates[*]}" ]]; then
    compadd -- "\${candidates[@]}"
  else
    _files
  fi
}
if [ "$funcstack[1]" = "_trainyard" ]; then
  _trainyard "$@"
else
  compdef _trainyard trainyard
fi
`,
  fish: `# trainyard completion for fish
function __trainyard_complete
  set -l words (commandline -opc) (commandline -ct)
  trainyard __complete -- $words[2..-1] 2>/dev/null
end
complete -c trainyard -f -a '(__trainyard_complete)' -n 'test (count (__trainyard_complete)) -gt 0'
`,
}
