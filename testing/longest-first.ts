import { fileURLToPath } from 'node:url'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

const stories = fileURLToPath(new URL('.', import.meta.url))

/**
 * Stories with whole programs come before the tests beside the sources: no machine is left with one long file at the end. Among
 * themselves both go by what they took the last time, on a fresh clone by their size.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const isStory = ({ moduleId }: TestSpecification): boolean => moduleId.startsWith(stories)
    return [...sorted.filter(isStory), ...sorted.filter((file) => !isStory(file))]
  }
}
