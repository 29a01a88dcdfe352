import { AppError, checkProjectName } from '@trainyard/contract'
import type { Clock } from '../base/clock.ts'
import type { SecretBox } from '../base/secret-box.ts'
import { type Database, ensureProject, findProject, type Reader } from '../database/index.ts'
import type { ProjectSecrets } from './secrets.ts'

const longestSecretName = 253
const largestSecretBytes = 1_048_576
const mostSecrets = 1_000

export function createProjectSecrets(database: Database, { box, clock }: { box: SecretBox; clock: Clock }): ProjectSecrets {
  return {
    set: async (project, secrets) => {
      const given = Object.entries(secrets)
      for (const [name, value] of given) checkSecret(name, value)
      const sealed = given.map(([name, value]) => [name, box.seal(value)] as const)
      const nowMs = clock.nowMs()
      await database.write(async (transaction) => {
        if ((await findProject(transaction, project)) === undefined) checkProjectName(project)
        const number = await ensureProject(transaction, project, nowMs)
        const known = new Set((await namesOf(transaction, number)).map(({ name }) => name))
        if (new Set([...known, ...Object.keys(secrets)]).size > mostSecrets)
          throw new AppError('invalid_argument', `A project may have ${mostSecrets} secrets.`)
        const { kysely } = transaction
        for (const [name, value] of sealed) {
          if (known.has(name))
            await kysely
              .updateTable('project_secrets')
              .set({ value, updated_at: nowMs })
              .where('project', '=', number)
              .where('name', '=', name)
              .execute()
          else
            await kysely
              .insertInto('project_secrets')
              .values({ project: number, name, value, created_at: nowMs, updated_at: nowMs })
              .execute()
        }
      })
    },
    list: (project) =>
      database.read(async (reader) => {
        const number = await findProject(reader, project)
        const rows = number === undefined ? [] : await namesOf(reader, number)
        return rows.map(({ name, created_at, updated_at }) => ({ name, createdAtMs: created_at, updatedAtMs: updated_at }))
      }),
    remove: (project, names) =>
      database.write(async (transaction) => {
        const number = await findProject(transaction, project)
        if (number === undefined) return []
        const all = (await namesOf(transaction, number)).map(({ name }) => name)
        const removed = names === undefined ? all : all.filter((name) => names.includes(name))
        if (removed.length > 0)
          await transaction.kysely
            .deleteFrom('project_secrets')
            .where('project', '=', number)
            .where('name', 'in', removed)
            .execute()
        return removed
      }),
    open: async (project) => {
      const rows = await database.read(({ kysely }) =>
        kysely
          .selectFrom('project_secrets as s')
          .innerJoin('projects as p', 'p.number', 's.project')
          .select(['s.name', 's.value'])
          .where('p.name', '=', project)
          .orderBy('s.name')
          .execute(),
      )
      return Object.fromEntries(rows.map(({ name, value }) => [name, box.open(value)]))
    },
  }
}

const namesOf = ({ kysely }: Reader, project: number) =>
  kysely
    .selectFrom('project_secrets')
    .select(['name', 'created_at', 'updated_at'])
    .where('project', '=', project)
    .orderBy('name')
    .execute()

/** The value is never repeated. */
function checkSecret(name: string, value: string): void {
  if (!/^[A-Za-z0-9._-]+$/.test(name) || name.length > longestSecretName)
    throw new AppError(
      'invalid_argument',
      `'${name.slice(0, 60)}' cannot be the name of a secret: it has 1 to ${longestSecretName} letters, digits, dots, dashes and underscores, as in AWS_SECRET_ACCESS_KEY.`,
    )
  if (name.startsWith('mlrun.'))
    throw new AppError(
      'permission_denied',
      `The secret ${name} cannot be set: names that begin with mlrun. are kept for servers.`,
    )
  if (typeof value !== 'string') throw new AppError('invalid_argument', `The secret ${name} must be a text.`)
  if (!value.isWellFormed() || value.includes('\0'))
    throw new AppError(
      'invalid_argument',
      `The secret ${name} holds bytes that no variable can carry (it is no UTF-8 text, or has a NUL); encode it, for example in base64.`,
    )
  if (Buffer.byteLength(value) > largestSecretBytes)
    throw new AppError('invalid_argument', `The secret ${name} is larger than 1 MiB; keep it in a file.`)
}
