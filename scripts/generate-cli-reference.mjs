// Writes docs/cli.md: the help of every command, as the program prints it. `--check` writes nothing and ends with 1 when the page is
// not what would be written.
import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { root, say } from './steps.mjs'

const program = join(root, 'packages', 'platform', 'bin', 'trainyard.js')
const target = join(root, 'docs', 'cli.md')

/** The help of a command, at the width it has where there is no terminal. */
async function helpOf(words) {
  const env = { ...process.env, NO_COLOR: '1', LANG: 'C.UTF-8', COLUMNS: '' }
  delete env.FORCE_COLOR
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...words, '--help'], { env })
  return stdout.trim()
}

/** Names below a heading that ends with a colon, for example `Commands:`. */
function namesBelow(help, isWanted) {
  const names = []
  let inside = false
  for (const line of help.split('\n')) {
    const heading = /^(\S.*):$/.exec(line)?.[1]
    if (heading !== undefined) inside = isWanted(heading)
    const name = /^ {2}([a-z]+) /.exec(line)?.[1]
    if (inside && name !== undefined && name !== 'help') names.push(name)
  }
  return names
}

const footer = /\n*Every command also takes .*$/
const listing = (help) => help.replace(footer, '').trim()
const block = (words, help) => `## trainyard ${words.join(' ')}\n\n\`\`\`text\n${listing(help)}\n\`\`\`\n`

async function reference() {
  const main = await helpOf([])
  const commands = namesBelow(main, (heading) => !/options|examples/i.test(heading))
  const sections = await Promise.all(
    commands.map(async (name) => {
      const help = await helpOf([name])
      const below = namesBelow(help, (heading) => heading === 'Commands')
      const children = await Promise.all(below.map(async (child) => block([name, child], await helpOf([name, child]))))
      return [block([name], help), ...children].join('\n')
    }),
  )
  return [
    '# Commands',
    'Made by `node scripts/generate-cli-reference.mjs` from what the program prints; a test fails when it is out of date.',
    'Every command also takes `--data`, `--project`, `--json`, `--quiet` and `--no-color`. [Exit codes](running.md#exit-codes) are the same everywhere.',
    `\`\`\`text\n${main}\n\`\`\``,
    ...sections,
  ].join('\n\n')
}

const wanted = await reference()
if (process.argv.includes('--check')) {
  if (readFileSync(target, 'utf8') === wanted) say('docs/cli.md is up to date')
  else {
    console.error('docs/cli.md is out of date: run node scripts/generate-cli-reference.mjs')
    process.exitCode = 1
  }
} else {
  writeFileSync(target, wanted)
  say(`wrote ${target}`)
}
