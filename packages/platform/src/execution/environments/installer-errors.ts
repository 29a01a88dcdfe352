import { stripVTControlCharacters } from 'node:util'

/**
 * The sentence of pip's or uv's output that matters: which requirement failed and why. Falls back to the last line that says
 * something.
 */
export function installFailure(output: string): string {
  const text = stripVTControlCharacters(output)
  for (const { pattern, sentence } of knownFailures) {
    const match = pattern.exec(text)
    if (match) return sentence(match)
  }
  const lines = text
    .split(/\r?\n/)
    .map((line) => line.replace(/^(ERROR|error):\s*/, '').trim())
    .filter((line) => line !== '' && !/^\[?notice|^WARNING|^hint/i.test(line))
  const errorLine = text.split(/\r?\n/).find((line) => /^(ERROR|error): /.test(line))
  return (errorLine?.replace(/^(ERROR|error):\s*/, '') ?? lines.at(-1) ?? 'the installer said nothing').replace(/\.+$/, '')
}

interface KnownFailure {
  pattern: RegExp
  sentence: (match: RegExpExecArray) => string
}

const list = (text: string): string => {
  const versions = text
    .split(',')
    .map((version) => version.trim())
    .filter(Boolean)
  return versions.length > 6 ? `${versions.slice(-6).join(', ')} and ${versions.length - 6} older ones` : versions.join(', ')
}

/** In order of meaning: a network failure also makes pip say that no version was found. */
const knownFailures: readonly KnownFailure[] = [
  {
    pattern: /No space left on device|OSError: \[Errno 28\]/,
    sentence: () => 'the disk is full',
  },
  {
    pattern:
      /(?:NewConnectionError|Max retries exceeded|Temporary failure in name resolution|ConnectTimeoutError|ReadTimeoutError|dns error|error sending request|Could not connect)/,
    sentence: () => "the package index cannot be reached; check the network, a proxy, or the installer's index setting",
  },
  {
    pattern: /Could not find a version that satisfies the requirement (.+?) \(from versions: ([^)]*)\)/,
    sentence: ([, requirement = '', versions = '']) => {
      const wanted = requirement.replace(/ \(from .*$/, '')
      if (versions.trim() === 'none')
        return `there is no package for "${wanted}" that fits this Python and machine; check the spelling`
      return `no version satisfies "${wanted}"; there are ${list(versions)}`
    },
  },
  {
    pattern: /Because (.+?) (?:was not found in the package registry|there (?:is|are) no versions? of)/,
    sentence: ([whole]) => whole.replace(/\s+/g, ' ').replace(/^Because /, ''),
  },
  {
    pattern: /No solution found when resolving dependencies:\s*(?:╰─▶|└─>)?\s*([\s\S]+?)(?:\n\n|$)/,
    sentence: ([, reason = '']) => reason.replace(/\s+/g, ' ').trim().replace(/\.$/, ''),
  },
  {
    pattern: /Cannot install (.+?) because these package versions have conflicting dependencies/,
    sentence: ([, names = '']) => `${names.trim()} ask for versions of their dependencies that exclude one another`,
  },
  {
    pattern: /Package '([^']+)' requires a different Python: (\S+) not in '([^']+)'/,
    sentence: ([, name = '', version = '', wanted = '']) => `${name} needs Python ${wanted}; this is ${version}`,
  },
  {
    pattern: /Invalid requirement: '?([^\n']+)'?/,
    sentence: ([, requirement = '']) =>
      `"${requirement.trim().replace(/:.*$/, '')}" is not a valid requirement; write name, name==1.2 or name>=1,<2`,
  },
  {
    pattern: /(?:Failed building wheel for|Could not build wheels for|Failed to build(?: `)?)\s*([\w.-]+)/,
    sentence: ([, name = '']) => `${name} has no ready package for this Python and machine, and building it failed`,
  },
  {
    pattern: /THESE PACKAGES DO NOT MATCH THE HASHES[\s\S]*?\n\s+(\S+)/,
    sentence: ([, requirement = '']) => `${requirement} does not have the hash that the requirements name`,
  },
  {
    pattern: /No module named '?(pip|venv|ensurepip)'?/,
    sentence: ([, name = '']) =>
      `this Python lacks its ${name} module; install it (on Debian: apt install python3-venv python3-pip)`,
  },
]
