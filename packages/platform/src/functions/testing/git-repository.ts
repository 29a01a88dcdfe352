import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const settings = [
  '-c',
  'user.name=t',
  '-c',
  'user.email=t@example.com',
  '-c',
  'init.defaultBranch=main',
  '-c',
  'commit.gpgsign=false',
]

/** A repository of its own, for tests: commits return their hash. */
export function makeRepository(folder: string) {
  const git = (...words: string[]): string =>
    execFileSync('git', [...settings, '-C', folder, ...words], { encoding: 'utf8' }).trim()
  mkdirSync(folder, { recursive: true })
  git('init', '--quiet')
  return {
    /** For sources; `file://` and the ending that says that it is a repository. */
    url: `git+file://${folder}`,
    git,
    commit(files: Record<string, string>): string {
      for (const [path, text] of Object.entries(files)) {
        mkdirSync(dirname(join(folder, path)), { recursive: true })
        writeFileSync(join(folder, path), text)
      }
      git('add', '-A')
      git('commit', '--quiet', '-m', 'x')
      return git('rev-parse', 'HEAD')
    },
  }
}
