import fc from 'fast-check'
import { expect, test } from 'vitest'
import { entryPointsOf, summaryOf } from './entry-points.ts'

const code = `"""Trains things.

More."""
import os  # def no(x): pass
text = """
def inside_a_string(x): pass
"""
table = {
def_like: 1
}

def train(context, data: "DataItem", label: str = 'y', rates: list[float] = [0.1, .2], *, depth: int = 3,
          options: dict = {'a': None, "b": (1, 2)},  # a comment, with a comma
          limit=1_000, far=os.path.join("a", ")"), **more) -> dict[str, float]:
    """Fits a model.

    Twice.

    :param data: the table
        to learn from
    :param int depth: of the tree
    :returns: its scores
    """

async def predict(model: mlrun.DataItem = None, *rest): ...

def _private(): pass

def google(path, *, n=1):
    '''Reads.

    Args:
        path (str): where it lies,
            or where it lay
        n: how many

    Returns:
        the rows
    '''

class Model:
    def method(self): pass

def numpy_style(x, y=-1.5e3):
    r"""Adds.

    Parameters
    ----------
    x : float
        the first
    y : float, optional
        the second

    Returns
    -------
    float
        the sum
    """
`

test('handlers of Python code come with parameters, types, defaults and docs, without a Python', () => {
  const points = entryPointsOf(code, 'train.py')
  expect(Object.keys(points)).toEqual(['train', 'predict', 'google', 'numpy_style'])
  expect(points['train']).toEqual({
    name: 'train',
    doc: 'Fits a model.\n\nTwice.',
    line: 12,
    parameters: [
      { name: 'context' },
      { name: 'data', type: 'DataItem', doc: 'the table to learn from' },
      { name: 'label', type: 'str', default: 'y' },
      { name: 'rates', type: 'list[float]', default: [0.1, 0.2] },
      { name: 'depth', type: 'int', default: 3, doc: 'of the tree' },
      { name: 'options', type: 'dict', default: { a: null, b: [1, 2] } },
      { name: 'limit', default: 1000 },
      { name: 'far', default: 'os.path.join("a", ")")' },
    ],
    outputs: [{ type: 'dict[str, float]', doc: 'its scores' }],
    hasKwargs: true,
  })
  expect(points['predict']).toMatchObject({
    parameters: [{ name: 'model', type: 'mlrun.DataItem', default: null }],
    hasVarargs: true,
  })
  expect(points['google']).toMatchObject({
    doc: 'Reads.',
    parameters: [
      { name: 'path', type: 'str', doc: 'where it lies, or where it lay' },
      { name: 'n', doc: 'how many', default: 1 },
    ],
    outputs: [{ doc: 'the rows' }],
  })
  expect(points['numpy_style']).toMatchObject({
    doc: 'Adds.',
    parameters: [
      { name: 'x', type: 'float', doc: 'the first' },
      { name: 'y', type: 'float', default: -1500, doc: 'the second' },
    ],
    outputs: [{ type: 'float', doc: 'the sum' }],
  })
  expect(summaryOf(code, 'train.py')).toBe('Trains things.')
})

test('where some are marked as handlers, only those are', () => {
  const marked = '# mlrun:handler\ndef one(): pass\n\ndef two(): pass\n'
  expect(Object.keys(entryPointsOf(marked, 'x.py'))).toEqual(['one'])
})

test('handlers of TypeScript code are its exported functions', () => {
  const script = `
/** Trains.
 * @param rate how fast
 * @returns its score
 */
export async function train(context: Context, rate: number = 0.1, name = 'x') {}
export const test = async (path: string) => {}
function hidden() {}
export default function () {}
`
  expect(entryPointsOf(script, 'train.ts')).toEqual({
    train: {
      name: 'train',
      doc: 'Trains.',
      line: 6,
      parameters: [
        { name: 'context', type: 'Context' },
        { name: 'rate', type: 'number', default: 0.1, doc: 'how fast' },
        { name: 'name', default: 'x' },
      ],
      outputs: [{ doc: 'its score' }],
    },
    test: { name: 'test', line: 7, parameters: [{ name: 'path', type: 'string' }] },
    default: { name: 'default', line: 9, parameters: [] },
  })
})

test('whatever a file holds, looking for handlers ends, and soon', () => {
  const pieces = fc.constantFrom(
    'def ',
    'f',
    '(',
    ')',
    '[',
    '"',
    "'",
    '"""',
    '\\',
    '\n',
    '#',
    ':',
    '=',
    ',',
    ' -> ',
    'x',
    '    ',
    '{',
    '}',
  )
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 60 }), (words) => {
      for (const file of ['a.py', 'a.ts']) expect(entryPointsOf(words.join(''), file)).toBeTypeOf('object')
    }),
  )
})
