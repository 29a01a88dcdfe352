import { describe, expect, it } from 'vitest'
import { installFailure } from './installer-errors.ts'

describe('installFailure', () => {
  it.each([
    [
      'ERROR: Could not find a version that satisfies the requirement nunpy (from versions: none)\nERROR: No matching distribution found for nunpy\n',
      'there is no package for "nunpy" that fits this Python and machine; check the spelling',
    ],
    [
      'ERROR: Could not find a version that satisfies the requirement six==99 (from versions: 1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7)\n',
      'no version satisfies "six==99"; there are 1.2, 1.3, 1.4, 1.5, 1.6, 1.7 and 2 older ones',
    ],
    [
      "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError('...')'\nERROR: Could not find a version that satisfies the requirement six (from versions: none)\n",
      "the package index cannot be reached; check the network, a proxy, or the installer's index setting",
    ],
    ['ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device\n', 'the disk is full'],
    [
      "ERROR: Invalid requirement: 'a b c': Expected end\n",
      '"a b c" is not a valid requirement; write name, name==1.2 or name>=1,<2',
    ],
    [
      '  × No solution found when resolving dependencies:\n  ╰─▶ Because nunpy was not found in the package registry and you require\n      nunpy, we can conclude that your requirements are unsatisfiable.\n',
      'nunpy was not found in the package registry',
    ],
    [
      '/usr/bin/python3: No module named venv\n',
      'this Python lacks its venv module; install it (on Debian: apt install python3-venv python3-pip)',
    ],
    ['ERROR: Something new happened.\nmore\n', 'Something new happened'],
    ['', 'the installer said nothing'],
  ])('shortens %j', (output, sentence) => {
    expect(installFailure(output)).toBe(sentence)
  })
})
