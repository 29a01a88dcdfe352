import { openDatabase } from '../../database/index.ts'
import { createTracking } from '../create-tracking.ts'

/** Carries two requests out and never answers: of `stored` something is stored, of `empty` nothing. Says `ready` when it is at both. */
const { experiments, answers } = createTracking(await openDatabase(process.argv[2]!))
const hang = async (key: string, work: () => Promise<unknown>): Promise<void> => {
  const begun = Promise.withResolvers<void>()
  void answers.once(key, 'request', async () => {
    await work()
    begun.resolve()
    return await new Promise<string>(() => undefined)
  })
  await begun.promise
}
await hang('stored', () => experiments.create({ project: 'p', name: 'stored' }))
await hang('empty', () => experiments.find('1'))
process.stdout.write('ready\n')
setInterval(() => undefined, 60_000)
