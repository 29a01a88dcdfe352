import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { follow } from '../../testing/docs/follow.ts'
import { readPage } from '../../testing/docs/page.ts'
import { Reader } from '../../testing/docs/reader.ts'
import { here } from './client-environment.ts'

const root = join(here, '..', '..')

/** A reader of `docs/mlflow-recipe.md` with the official client in hand. Gives what is not as the page says. */
export async function followRecipe(python: string): Promise<string[]> {
  const page = join('docs', 'mlflow-recipe.md')
  using reader = new Reader(python)
  reader.write('train.py', readFileSync(join(root, 'examples', 'mlflow-recipe', 'train.py'), 'utf8'))
  try {
    return await follow(reader, page, readPage(join(root, page)))
  } finally {
    // The last step of the page does it; a reader who was stopped before has a server left.
    await reader.run('npx trainyard status --quiet && npx trainyard down || true')
  }
}
