import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fileRequirements, listedRequirements, projectRequirements, scriptRequirements } from './requirements.ts'

describe('script header', () => {
  it('reads dependencies and the Python wanted', () => {
    const script =
      '#!/usr/bin/env python3\n# /// script\n# requires-python = ">=3.9"\n# dependencies = [\n#   "pandas>=2",  # frames\n#   "numpy",\n# ]\n# ///\nimport pandas\n'
    expect(scriptRequirements(script, 'train.py')).toEqual({
      lines: ['pandas>=2', 'numpy'],
      requiresPython: '>=3.9',
      source: 'script header of train.py',
    })
  })

  it('reads Windows line ends and a header without dependencies', () => {
    expect(scriptRequirements('# /// script\r\n# dependencies = ["a"]\r\n# ///\r\n', 'x.py')?.lines).toEqual(['a'])
    expect(scriptRequirements('# /// script\n#\n# ///\n', 'x.py')?.lines).toEqual([])
  })

  it('is undefined when there is none', () => {
    expect(scriptRequirements('# script\nprint("# /// script")\n', 'x.py')).toBeUndefined()
  })

  it.each([
    ['# /// script\n# dependencies = []\nprint()\n', 'x.py that begins on line 1 has no end'],
    ['\n\n# /// script\n# dependencies = [\n# ///\n', 'The script header of x.py is not valid TOML: line'],
    ['# /// script\n# dependencies = "pandas"\n# ///\n', 'needs a list of texts as dependencies'],
    ['# /// script\n# ///\n\n# /// script\n# ///\n', 'more than one script header'],
  ])('refuses a damaged one: %j', (script, sentence) => {
    expect(() => scriptRequirements(script, 'x.py')).toThrow(sentence)
  })

  it('never fails in another way, whatever the script', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('# /// script', '# ///', '# dependencies = ["a"]', '# x', '#', '', 'print(1)', '# ]')),
        (lines) => {
          try {
            scriptRequirements(lines.join('\n'), 'x.py')
          } catch (error) {
            expect(error).toMatchObject({ name: 'AppError', code: 'invalid_argument' })
          }
        },
      ),
    )
  })
})

describe('files', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'trainyard-requirements-'))
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))
  const write = async (name: string, text: string): Promise<string> => {
    await mkdir(join(folder, name, '..'), { recursive: true })
    await writeFile(join(folder, name), text)
    return join(folder, name)
  }

  it('joins lines, drops comments and takes in nested files', async () => {
    await write('base/common.txt', 'numpy # arrays\n./local[extra]\n-e ../pkg\n')
    const path = await write(
      'requirements.txt',
      '# all\npandas \\\n  >=2\n\n-r base/common.txt\n--extra-index-url https://example.org/simple#frag\n--find-links=wheels\nx @ https://example.org/x.zip#egg=x\n',
    )
    expect((await fileRequirements(path)).lines).toEqual([
      'pandas   >=2',
      'numpy',
      `${folder}/base/local[extra]`,
      `-e ${folder}/pkg`,
      '--extra-index-url https://example.org/simple#frag',
      `--find-links ${folder}/wheels`,
      'x @ https://example.org/x.zip#egg=x',
    ])
  })

  it('refuses circles and missing files', async () => {
    const path = await write('a.txt', '-r b.txt\n')
    await expect(fileRequirements(path)).rejects.toMatchObject({ code: 'not_found' })
    await write('b.txt', '-r a.txt\n')
    await expect(fileRequirements(path)).rejects.toThrow('includes itself through -r')
  })

  it('reads a pyproject.toml', async () => {
    const path = await write('pyproject.toml', '[project]\nname = "x"\nrequires-python = ">=3.10"\ndependencies = ["a", "b>1"]\n')
    expect(await projectRequirements(path)).toEqual({ lines: ['a', 'b>1'], requiresPython: '>=3.10', source: path })
    await expect(projectRequirements(await write('other.toml', '[tool.x]\n'))).rejects.toThrow('has no [project] table')
  })
})

it('takes lists and refuses line breaks in them', () => {
  expect(listedRequirements([' numpy ', '']).lines).toEqual(['numpy'])
  expect(() => listedRequirements(['a\n--index-url=x'])).toThrow('line break')
})
