import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { connect } from 'node:net'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { text as textOf } from 'node:stream/consumers'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import fc from 'fast-check'
import { type ArchiveEntry, tarOf, zipOf } from '../testing/archives.ts'
import { makeRepository } from '../testing/git-repository.ts'
import { unpackArchive } from './archive.ts'
import { openGuardedProxy } from '../../base/guarded-proxy.ts'
import { openGitAccess, tokenFor, tokenVariable } from './git-access.ts'
import { parseGitSource } from './git.ts'
import { readNotebook } from './notebook.ts'
import { fetchSource, type SourceOptions } from './source.ts'

const root = mkdtempSync(join(tmpdir(), 'trainyard-sources-'))
afterAll(() => rmSync(root, { recursive: true }))
let count = 0
let folder = ''
beforeEach(() => mkdirSync((folder = join(root, String(count++)))))

const options = (more: Partial<SourceOptions> = {}): SourceOptions => ({
  objects: { workingDirectory: folder, environment: process.env },
  cacheFolder: join(root, 'cache'),
  allowLocal: true,
  allowPrivate: true,
  environment: process.env,
  signal: new AbortController().signal,
  ...more,
})

const made: Record<string, (entries: ArchiveEntry[]) => Buffer> = {
  'code.tar': (entries) => tarOf(entries),
  'code.tar.gz': (entries) => tarOf(entries, { gzip: true }),
  'code.zip': zipOf,
}

describe.each(Object.keys(made))('%s', (name) => {
  const unpack = async (entries: ArchiveEntry[], limits?: { totalBytes: number; entries: number }): Promise<string> => {
    const path = join(folder, name)
    writeFileSync(path, made[name]!(entries))
    const target = join(folder, 'out')
    mkdirSync(target)
    await unpackArchive(path, target, limits, name)
    return target
  }

  test('is unpacked with its folders', async () => {
    const target = await unpack([
      { name: 'train.py', content: 'print(1)' },
      { name: './pkg/deep/a.py', content: 'x = 1' },
    ])
    expect(readFileSync(join(target, 'train.py'), 'utf8')).toBe('print(1)')
    expect(readFileSync(join(target, 'pkg/deep/a.py'), 'utf8')).toBe('x = 1')
  })

  test.each([
    [{ name: '../evil.py', content: 'x' }, /\.\.\/evil\.py/],
    [{ name: 'a/../../evil.py', content: 'x' }, /evil\.py/],
    [{ name: '/etc/evil', content: 'x' }, /evil/],
    [
      { name: 'link', type: '2', link: '/etc/passwd' },
      /the entry link is a symbolic link; an archive of code has files and folders only/,
    ],
  ])('with %j is refused, and nothing lies outside', async (entry, reason) => {
    await expect(unpack([{ name: 'ok.py', content: 'x' }, entry])).rejects.toThrow(reason)
    expect(readdirSync(folder).toSorted()).toEqual([name, 'out'])
  })

  test('that grows beyond the limit is refused', async () => {
    const bomb = { name: 'zeros', content: Buffer.alloc(1_000_000) }
    await expect(unpack([bomb, { ...bomb, name: 'more' }], { totalBytes: 1_500_000, entries: 10 })).rejects.toThrow(
      'unpacks to more than 1500000 bytes',
    )
  })

  test('with more entries than the limit is refused', async () => {
    const entries = Array.from({ length: 12 }, (_, index) => ({ name: `f${index}`, content: 'x' }))
    await expect(unpack(entries, { totalBytes: 1_000_000, entries: 10 })).rejects.toThrow('more than 10 entries')
  })

  test('without entries, cut off, or of something else is refused in a sentence', async () => {
    await expect(unpack([])).rejects.toThrow(/is empty|is no archive|cannot be unpacked/)
    const whole = made[name]!([
      { name: 'a.py', content: Buffer.from(Array.from({ length: 5_000 }, (_, at) => (at * 7919) % 251)) },
    ])
    writeFileSync(join(folder, name), whole.subarray(0, Math.floor(whole.length / 2)))
    await expect(unpackArchive(join(folder, name), join(folder, 'out'), undefined, name)).rejects.toThrow('cannot be unpacked')
    writeFileSync(join(folder, name), 'hello')
    await expect(unpackArchive(join(folder, name), join(folder, 'out'), undefined, name)).rejects.toThrow('is no archive')
  })
})

test('a ZIP that lies about a size is refused', async () => {
  writeFileSync(join(folder, 'a.zip'), zipOf([{ name: 'zeros', content: Buffer.alloc(100_000), claimedSize: 10 }]))
  mkdirSync(join(folder, 'out'))
  await expect(unpackArchive(join(folder, 'a.zip'), join(folder, 'out'))).rejects.toThrow('cannot be unpacked')
})

test.each(['1', '3', '4', '6'])('a TAR entry of type %s is refused', async (type) => {
  writeFileSync(join(folder, 'a.tar'), tarOf([{ name: 'x', type, ...(type === '1' ? { link: 'y' } : {}) }]))
  mkdirSync(join(folder, 'out'))
  await expect(unpackArchive(join(folder, 'a.tar'), join(folder, 'out'))).rejects.toThrow('files and folders only')
})

describe('Git', () => {
  test.each([
    ['git://github.com/mlrun/ci-demo.git', { url: 'https://github.com/mlrun/ci-demo.git' }],
    ['git://host/o/r.git#refs/heads/main', { url: 'https://host/o/r.git', ref: 'main' }],
    ['https://host/o/r.git#v1:sub/folder', { url: 'https://host/o/r.git', ref: 'v1', folder: 'sub/folder' }],
    ['https://host/o/r.git#:sub', { url: 'https://host/o/r.git', folder: 'sub' }],
    ['git@host:o/r.git#dev', { url: 'git@host:o/r.git', ref: 'dev' }],
    ['git+ssh://git@host/o/r', { url: 'ssh://git@host/o/r' }],
  ])('%s is a repository', (text, expected) => expect(parseGitSource(text)).toEqual(expected))

  test.each(['train.py', 's3://bucket/code.tar.gz', 'https://host/code.zip', './folder'])('%s is none', (text) =>
    expect(parseGitSource(text)).toBeUndefined(),
  )

  test('a branch, a tag, a commit and a folder are found; a commit that is there is not fetched again', async () => {
    const repository = makeRepository(join(folder, 'repository'))
    const first = repository.commit({ 'train.py': 'one', 'sub/train.py': 'deep' })
    repository.git('tag', '-a', 'v1', '-m', 'x')
    const second = repository.commit({ 'train.py': 'two' })
    const read = async (fragment: string): Promise<string> => {
      const fetched = await fetchSource(`${repository.url}${fragment}`, options())
      return `${readFileSync(join(fetched.folder, 'train.py'), 'utf8')} ${fetched.revision}`
    }
    expect(await read('')).toBe(`two ${second}`)
    expect(await read('#main')).toBe(`two ${second}`)
    expect(await read('#refs/heads/main')).toBe(`two ${second}`)
    expect(await read('#v1')).toBe(`one ${first}`)
    expect(await read(`#${first}`)).toBe(`one ${first}`)
    expect(await read('#main:sub')).toBe(`deep ${second}`)
    rmSync(join(folder, 'repository'), { recursive: true })
    expect(await read(`#${first}`)).toBe(`one ${first}`)
  })

  test('what is not to be had is told with the reason of git', async () => {
    const repository = makeRepository(join(folder, 'repository'))
    repository.commit({ 'train.py': 'one' })
    await expect(fetchSource(`${repository.url}#nothing`, options())).rejects.toThrow(
      'has no branch or tag nothing; its branches: main.',
    )
    await expect(fetchSource(`git+file://${folder}/none`, options())).rejects.toThrow(
      /Cannot read the repository file:\/\/.*none/,
    )
    await expect(fetchSource(`${repository.url}#main:missing`, options())).rejects.toThrow(
      'There is no missing in the repository',
    )
  })

  test.each([
    ['#main:../..', 'leads out of the repository'],
    ['#main:/etc', 'leads out of the repository'],
    ['#--upload-pack=x', 'is no name of a branch'],
    ['#a..b', 'is no name of a branch'],
  ])('an address that escapes, %s, is refused before anything is fetched', async (fragment, reason) => {
    await expect(fetchSource(`git+file:///nowhere${fragment}`, options())).rejects.toThrow(reason)
  })

  test('links of a repository lead nowhere', async () => {
    const repository = makeRepository(join(folder, 'repository'))
    symlinkSync('/etc', join(folder, 'repository', 'out'))
    repository.commit({ 'train.py': 'one' })
    await expect(fetchSource(`${repository.url}#main:out/ssh`, options())).rejects.toThrow(/There is no out\/ssh|leads out/)
    const { folder: fetched } = await fetchSource(repository.url, options())
    expect(statSync(join(fetched, 'out')).isFile()).toBe(true)
  })

  test('over the network no path of this machine may be named', async () => {
    const network = options({ allowLocal: false })
    await expect(fetchSource('git+file:///etc', network)).rejects.toThrow('it names a folder of the server')
    await expect(fetchSource('/etc', network)).rejects.toThrow('is a path of a machine')
    await expect(fetchSource('file:///etc/x.zip', network)).rejects.toThrow('is a path of a machine')
    // But for what a build of this very machine packed.
    const packed = join(network.cacheFolder, `source-${'a'.repeat(24)}.tar.gz`)
    mkdirSync(network.cacheFolder, { recursive: true })
    writeFileSync(packed, tarOf([{ name: 'train.py', content: 'x' }], { gzip: true }))
    expect(existsSync(join((await fetchSource(packed, network)).folder, 'train.py'))).toBe(true)
    await expect(fetchSource(join(network.cacheFolder, '..', 'code.tar.gz'), network)).rejects.toThrow('is a path of a machine')
  })
})

test('an archive is unpacked once for each content, and what fails leaves nothing', async () => {
  writeFileSync(join(folder, 'code.tar.gz'), tarOf([{ name: 'train.py', content: 'x' }], { gzip: true }))
  const cache = { cacheFolder: join(folder, 'cache') }
  const [one, other] = await Promise.all([fetchSource('code.tar.gz', options(cache)), fetchSource('code.tar.gz', options(cache))])
  expect(one).toEqual(other)
  expect(existsSync(join(one.folder, 'train.py'))).toBe(true)
  writeFileSync(
    join(folder, 'bad.zip'),
    zipOf([
      { name: 'a', content: 'x' },
      { name: '../b', content: 'x' },
    ]),
  )
  await expect(fetchSource('bad.zip', options(cache))).rejects.toThrow('bad.zip')
  expect(readdirSync(cache.cacheFolder)).toHaveLength(1)
})

const notebook = (...cells: (string | { text: string; tags?: string[]; type?: string })[]): string =>
  JSON.stringify({
    nbformat: 4,
    cells: cells.map((cell) => {
      const { text, tags = [], type = 'code' } = typeof cell === 'string' ? { text: cell } : cell
      return { cell_type: type, metadata: { tags }, source: text.split(/(?<=\n)/) }
    }),
  })
const codeOf = (text: string, more: object = {}): string =>
  readNotebook(text, 'n.ipynb', more).code.replace(/^# Code of n\.ipynb\n\n/, '')

describe('a notebook', () => {
  test('is its code cells in order, without those to ignore', () => {
    const text = notebook(
      'a = 1',
      { text: '# Title', type: 'markdown' },
      '# mlrun: ignore\nplot()',
      '# nuclio: ignore\nx',
      { text: 'c', tags: ['skip'] },
      'b = 2',
    )
    expect(codeOf(text, { ignoredTags: ['skip'] })).toBe('a = 1\n\nb = 2\n')
  })

  test('begins at start-code and ends at end-code, also within a cell', () => {
    expect(codeOf(notebook('one', 'before\n# mlrun: start-code\nafter', 'two\n# mlrun: end-code\nbeyond', 'three'))).toBe(
      'after\n\ntwo\n',
    )
  })

  test('may hold several functions, each by its name', () => {
    const text = notebook('# mlrun: start-code first\na', 'b\n# mlrun: end-code first', '# mlrun: start-code second\nc', 'd')
    expect(codeOf(text, { name: 'first' })).toBe('a\n\nb\n')
    expect(codeOf(text, { name: 'second' })).toBe('c\n\nd\n')
    expect(() => codeOf(text)).toThrow('holds several functions, first, second: name the function like one of them.')
  })

  test('installs become requirements, lines for the notebook become comments', () => {
    const text = notebook(
      '%matplotlib inline\n!pip install -q pandas "xgboost>=1.7"\nx = 5 \\\n  % 2\nlen?',
      '%%bash\nls',
      '%nuclio cmd -c pip install lightgbm',
    )
    expect(readNotebook(text, 'n.ipynb')).toEqual({
      code: '# Code of n.ipynb\n\n# %matplotlib inline\n# !pip install -q pandas "xgboost>=1.7"\nx = 5 \\\n  % 2\n# len?\n\n# %nuclio cmd -c pip install lightgbm\n',
      requirements: ['pandas', 'xgboost>=1.7', 'lightgbm'],
    })
  })

  test.each([
    ['{', 'it is not JSON'],
    ['{}', 'it has no cells'],
    ['[]', 'it has no cells'],
    [notebook({ text: 'x', type: 'markdown' }), 'has no code for a function'],
    [notebook('# mlrun: ignore\nx'), 'has no code for a function'],
  ])('%s is refused', (text, reason) => expect(() => readNotebook(text, 'n.ipynb')).toThrow(reason))
})

describe('for others, over the network', () => {
  const network = () => options({ allowLocal: false, allowPrivate: false })
  test.each([
    'https://127.0.0.1:9/code.zip',
    'https://10.1.2.3/code.tar.gz',
    'https://localhost/train.py',
    'git://169.254.169.254/o/r.git',
    'https://[::1]/o/r.git#main',
    'ssh://git@127.0.0.1/o/r.git',
    'git@127.0.0.1:o/r.git',
    'git@localhost:o/r.git',
  ])('%s leads into a private network, and is refused', async (source) => {
    await expect(fetchSource(source, network())).rejects.toMatchObject({
      code: 'permission_denied',
      message: expect.stringContaining('an address of this machine or of a private network'),
    })
  })

  test.each(['http://example.org/code.zip', 'http://example.org/o/r.git'])(
    '%s is not encrypted, and is refused',
    async (source) => {
      await expect(fetchSource(source, network())).rejects.toThrow('is not encrypted; use https')
    },
  )

  test('a name that leads to this machine is refused when it is connected to', async () => {
    await using proxy = await openGuardedProxy()
    const asked = connect({ host: '127.0.0.1', port: Number(new URL(proxy.url).port) })
    asked.write(`CONNECT ${hostname()}:443 HTTP/1.1\r\n\r\n`)
    expect(await textOf(asked)).toMatch(/^HTTP\/1\.1 (?:403|502) /)
  })
})

describe('tokens of Git hosts', () => {
  const environment = {
    GIT_TOKEN: 'mine',
    TRAINYARD_GIT_TOKEN_GIT_EXAMPLE_COM: 'theirs',
    TRAINYARD_GIT_TOKEN_GIT_EXAMPLE_COM_8443: 'of the port',
    GIT_TOKEN_HOSTS: undefined,
  }
  test.each([
    ['https://github.com/o/r.git', 'mine'],
    ['https://git.example.com:443/o/r.git', 'theirs'],
    ['https://git.example.com:8443/o/r.git', 'of the port'],
    ['https://git.example.com:9443/o/r.git', undefined],
    ['https://github.com:8443/o/r.git', undefined],
    ['https://git-example.com/o/r.git', undefined],
    ['https://git.example-com/o/r.git', undefined],
    ['https://git_example_com/o/r.git', undefined],
    ['https://github.com.evil.example/o/r.git', undefined],
    ['https://gitlab.com/o/r.git', undefined],
    ['http://github.com/o/r.git', undefined],
    ['git@github.com:o/r.git', undefined],
  ])('%s is sent %s', (url, token) => {
    expect(tokenFor(url, environment)).toBe(token)
  })

  test('no two hosts share a variable', () => {
    const word = fc.stringMatching(/^[a-c0-2]{1,2}(?:-{1,3}[a-c0-2]{1,2})?$/)
    const address = fc
      .tuple(fc.array(word, { minLength: 1, maxLength: 4 }), fc.constantFrom('', ':1', ':12'))
      .map(([words, port]) => URL.parse(`https://${words.join('.')}${port}`))
      .filter((url) => url !== null)
    fc.assert(
      fc.property(address, address, (one, other) => {
        expect(tokenVariable(one)).toBeDefined()
        expect(tokenVariable(one) === tokenVariable(other)).toBe(one.host === other.host)
      }),
      { numRuns: 2_000 },
    )
  })

  test('GIT_TOKEN goes to the hosts that are listed for it', async () => {
    const listed = { ...environment, GIT_TOKEN_HOSTS: 'gitlab.com, git.example.org' }
    expect(['gitlab.com', 'git.example.org', 'github.com'].map((host) => tokenFor(`https://${host}/r.git`, listed))).toEqual([
      'mine',
      'mine',
      undefined,
    ])
    await using access = await openGitAccess('https://gitlab.com/o/r.git', { ...options(), environment: listed })
    expect(access.environment).toMatchObject({ GIT_CONFIG_KEY_4: 'http.https://gitlab.com/.extraHeader' })
    expect(JSON.stringify(access.environment)).not.toMatch(/mine|theirs/)
  })
})
