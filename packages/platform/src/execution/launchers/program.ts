import type { JobSpec } from '@trainyard/contract'
import { AppError } from '@trainyard/contract'
import { join } from 'node:path'
import type { Launcher } from './launcher.ts'

/**
 * Waits for the variables, which arrive with the job: until the record is there nothing of the user's begins, and when its supervisor
 * goes before that it never does. Then runs the program and keeps a journal of two lines, its beginning and its end, so that the end
 * is known when nobody was there to see it. Each program that it starts costs milliseconds: it starts one, at the end.
 */
const gate = `
job=; newline='
'
while IFS= read -r line <&3; do job="$job$line$newline"; done
[ -n "$job" ] || exit 125
eval "$job"; [ -n "$trainyard_started" ] || exit 125
started=$trainyard_started
unset job line newline trainyard_started
exec 3<&- 4>&-
journal=$1; shift
printf '[1,%s,"start",{"pid":%s}]\\n' "$started" "$$" >> "$journal"
stopped=
if [ "$$" = 1 ]; then
  # In a container signals come to its first process alone.
  "$@" &
  child=$!
  trap 'stopped=1; kill -TERM "$child" 2> /dev/null' TERM INT HUP
  while :; do
    wait "$child"
    code=$?
    kill -0 "$child" 2> /dev/null || break
  done
else
  trap 'stopped=1' TERM INT HUP
  "$@"
  code=$?
fi
if [ -n "$stopped" ]; then end='{"outcome":"aborted"}'
elif [ "$code" = 0 ]; then end='{"outcome":"completed"}'
else end='{"outcome":"failed","error":{"type":"exit","message":"exited with code '$code'"}}'
fi
printf '[2,%s000,"end",%s]\\n' "$(date +%s)" "$end" >> "$journal"
exit "$code"
`

const variableName = /^[A-Za-z_]\w*$/

const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`

/** Refuses what no process can be given as a variable. */
export function checkVariable(name: string, value: string): void {
  if (!variableName.test(name))
    throw new AppError(
      'invalid_argument',
      `"${name.slice(0, 100)}" cannot be a variable of a program: use letters, digits and _, beginning with a letter or _.`,
    )
  if (value.includes('\0'))
    throw new AppError('invalid_argument', `The variable ${name} holds a NUL byte, which no process can be given.`)
}

function exports({ environment, secrets }: Pick<JobSpec, 'environment' | 'secrets'>): string {
  // The run's own were checked when it was prepared; a secret of the project that cannot be a variable is none here.
  const lines = Object.entries({ ...environment, ...secrets })
    .filter(([name, value]) => variableName.test(name) && !value.includes('\0'))
    .map(([name, value]) => `export ${name}=${quoted(value)}\n`)
  return `${lines.join('')}trainyard_started=${Date.now()}\n`
}

/** Any program: it is given the run's secrets as variables, and its exit code says how the run ended. */
export const programLauncher: Launcher = {
  language: 'program',
  fileEndings: [],
  canFork: false,
  plan: (job, context) => ({
    command: '/bin/sh',
    arguments: ['-c', gate, 'sh', join(job.runDirectory, 'journal-program.jsonl'), job.script, ...job.arguments],
    environment: { TRAINYARD_CLI: JSON.stringify(context.programCommand), TRAINYARD_HOME: context.dataDirectory },
    workingDirectory: context.workingDirectory,
    job,
    choices: context.choices,
  }),
  message: exports,
}
