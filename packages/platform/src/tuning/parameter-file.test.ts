import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isAppError, type JsonValue } from '@trainyard/contract'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readParameterFile } from './parameter-file.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parameter-file-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const read = async (name: string, content: string | Uint8Array) => {
  await writeFile(join(folder, name), content)
  return readParameterFile(join(folder, name))
}
const rowsOf = async (name: string, content: string | Uint8Array): Promise<Record<string, JsonValue>[]> => {
  const file = await read(name, content)
  if (file.kind !== 'rows') throw new Error('not rows')
  return Array.from({ length: file.rows.length }, (_, index) => file.rows.row(index))
}

describe('a parameter file', () => {
  it.each<[string, string | Uint8Array]>([
    ['plain.csv', 'a,b\n1,x\n2.5,true\n'],
    ['crlf.csv', 'a,b\r\n1,x\r\n2.5,true'],
    ['bom.csv', '\uFEFFa,b\n1,x\n2.5,true\n'],
    ['quoted.csv', '"a","b"\n"1","x"\n\n "2.5" , true \n\n'],
    ['tabs.tsv', 'a\tb\n1\tx\n2.5\ttrue\n'],
    ['rows.json', '[{"a":1,"b":"x"},{"b":true,"a":2.5}]'],
    ['rows.jsonl', '{"a":1,"b":"x"}\n\n{"a":2.5,"b":true}'],
    ['bom.ndjson', '\uFEFF{"a":1,"b":"x"}\r\n{"a":2.5,"b":true}\r\n'],
    ['rows.yaml', '- a: 1\n  b: x\n- a: 2.5\n  b: true\n'],
  ])('holds the same rows as %s', async (name, content) => {
    expect(await rowsOf(name, content)).toEqual([
      { a: 1, b: 'x' },
      { a: 2.5, b: true },
    ])
  })

  it('keeps odd text in CSV cells and leaves empty ones out', async () => {
    expect(await rowsOf('odd.csv', 'name,"a,b",é\n"two\nlines","say ""hi""",ü\n,"[1, 2]",007\n')).toEqual([
      { name: 'two\nlines', 'a,b': 'say "hi"', é: 'ü' },
      { 'a,b': [1, 2], é: '007' },
    ])
  })

  it('holds lists and distributions in JSON and YAML', async () => {
    const expected = {
      kind: 'lists',
      hyperParameters: { a: [1, 2], b: { type: 'loguniform', low: 0.001, high: 1 }, c: { type: 'int', low: 1, high: 3 } },
    }
    expect(await read('lists.json', '{"a":[1,2],"b":"loguniform(1e-3,1)","c":{"type":"int","low":1,"high":3}}')).toEqual(expected)
    expect(await read('lists.yml', 'a: [1, 2]\nb: loguniform(1e-3, 1)\nc: { type: int, low: 1, high: 3 }\n')).toEqual(expected)
  })

  it('gives back any CSV rows that were written', async () => {
    const cell = fc.string({ minLength: 1 }).filter((text) => text.trim() === text && !text.includes('\r'))
    const table = fc
      .integer({ min: 1, max: 4 })
      .chain((width) => fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 8 }))
    let number = 0
    await fc.assert(
      fc.asyncProperty(table, async (rows) => {
        const quoted = (cells: string[]) => cells.map((text) => `"${text.replaceAll('"', '""')}"`).join(',')
        const header = rows[0]!.map((_, column) => `c${column}`)
        const texts = rows.map((cells) => cells.map((text) => `~${text}`))
        const content = [header, ...texts].map(quoted).join('\n')
        const expected = texts.map((cells) => Object.fromEntries(cells.map((text, column) => [`c${column}`, text])))
        expect(await rowsOf(`any-${number++}.csv`, content)).toEqual(expected)
      }),
      { numRuns: 50 },
    )
  })

  it('reads a file without quotes as it reads the same file with one', async () => {
    const piece = fc.constantFrom('a', '1', ',', ',', '\n', '\n', ' ', '\t', 'é')
    let number = 0
    const outcome = async (content: string) => {
      try {
        const rows = await rowsOf(`either-${number++}.csv`, content)
        return rows.filter((row) => row.one !== 'quoted')
      } catch (error) {
        if (!isAppError(error)) throw error
        return error.message.replaceAll(/either-\d+/g, 'either')
      }
    }
    await fc.assert(
      fc.asyncProperty(fc.array(piece), fc.constantFrom('\n', '\r\n'), async (pieces, ending) => {
        const plain = `one,two\n1,2\n${pieces.join('')}`.replaceAll('\n', ending)
        expect(await outcome(`${plain}${ending}`)).toEqual(await outcome(`${plain}${ending}"quoted",2${ending}`))
      }),
      { numRuns: 200 },
    )
  })

  it.each<[string, string | Uint8Array, string]>([
    ['ragged.csv', 'a,b\n1,2\n1,2,3\n', 'ragged.csv:3: the row has 3 values and the header 2 columns'],
    ['short.csv', 'a,b\n1\n', 'short.csv:2: the row has 1 value and the header 2 columns'],
    ['twice.csv', 'a,b,a\n1,2,3\n', 'twice.csv:1: column a is there twice'],
    ['unnamed.csv', 'a,,b\n1,2,3\n', 'unnamed.csv:1: column 2 has no name'],
    ['header.csv', 'a,b\n', 'header.csv: there is a header and no row below it'],
    ['empty.csv', '', 'empty.csv: the file is empty'],
    ['blank.csv', ' \n\n', 'blank.csv: the file is empty'],
    ['open.csv', 'a,b\n1,"2\n', 'a quote is opened here and never closed'],
    ['latin.csv', Uint8Array.from([97, 10, 0xe9, 10]), 'latin.csv: it is not UTF-8 text'],
    ['bad.json', '[{"a":1},\n{"a":}]', 'bad.json:2: it is not JSON (Unexpected token'],
    ['long.json', `[${'{"a":1},\n'.repeat(50)}{"a":1 "b"}]`, 'long.json:51: it is not JSON'],
    ['cut.json', `[${'{"a":1},\n'.repeat(50)}{"b":?},${'\n{"a":1}'.repeat(50)}]`, 'cut.json:51: it is not JSON'],
    ['scalar.json', '5', 'it must hold a list of objects'],
    ['none.json', '[]', 'the list is empty'],
    ['ragged.json', '[{"a":1},{"a":1,"b":2}]', 'ragged.json: row 2: b is not in the first row'],
    ['missing.jsonl', '{"a":1,"b":2}\n{"a":1}\n', 'missing.jsonl:2: b is missing'],
    ['bad.jsonl', '{"a":1}\n[1]\n', 'bad.jsonl:2: it is not a JSON object'],
    ['bad.yaml', 'a: [1\nb: 2\n', 'bad.yaml:2: it is not YAML'],
    ['twice.yaml', 'a: [1]\na: [2]\n', 'twice.yaml:2: it is not YAML'],
    ['value.yaml', 'a: 5\n', 'a: expected a list'],
    ['half.json', '{"a":{"type":"uniform","low":1}}', 'a: the distribution "uniform" needs low and high'],
    ['kind.txt', 'a\n1\n', 'its name must end in'],
  ])('%s is refused with one sentence', async (name, content, sentence) => {
    const error: unknown = await read(name, content).catch((reason: unknown) => reason)
    if (!isAppError(error, 'invalid_argument')) throw error
    expect(error.message).toContain(sentence)
    expect(error.message).toMatch(/^[^\n]*\.$/)
  })

  it('that is missing or a folder is refused', async () => {
    await expect(readParameterFile(join(folder, 'no.csv'))).rejects.toMatchObject({ code: 'invalid_argument' })
    await expect(readParameterFile(`${folder}/.csv`)).rejects.toMatchObject({ code: 'invalid_argument' })
  })

  it('of many rows is asked by index', async () => {
    const lines = Array.from({ length: 50_000 }, (_, index) => `${index},"n${index}"`)
    const file = await read('many.csv', `id,name\n${lines.join('\n')}\n`)
    if (file.kind !== 'rows') throw new Error('not rows')
    expect(file.rows.length).toBe(50_000)
    expect(file.rows.row(0)).toEqual({ id: 0, name: 'n0' })
    expect(file.rows.row(49_999)).toEqual({ id: 49_999, name: 'n49999' })
    expect(() => file.rows.row(50_000)).toThrow(RangeError)
  })
})
