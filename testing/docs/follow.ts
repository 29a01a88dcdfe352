import { missingLine, type Step } from './page.ts'
import type { Reader } from './reader.ts'

/** Follows a page from its first block to its last, in one folder. Gives what is not as the page says. */
export async function follow(reader: Reader, page: string, steps: readonly Step[]): Promise<string[]> {
  const wrong: string[] = []
  let printed = ''
  for (const step of steps) {
    const place = `${page}:${step.line}`
    if (step.kind === 'file') reader.write(step.path, step.text)
    else if (step.kind === 'run') {
      const done = await reader.run(step.commands)
      printed = done.printed
      if (done.code !== step.exitCode) wrong.push(`${place}: ended with ${done.code}, not ${step.exitCode}:\n${printed}`)
    } else {
      const missing = missingLine(step.lines, printed)
      if (missing !== undefined) wrong.push(`${place}: "${missing}" was not printed; this was:\n${printed}`)
    }
  }
  return wrong
}
