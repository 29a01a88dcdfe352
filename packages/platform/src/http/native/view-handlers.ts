import type { Definition } from '../../definitions/index.ts'
import type { SomeHandlers } from './bound-operation.ts'

const kind = 'view'
/** Where views of all projects are kept: a definition needs a project. */
const home = 'default'

const nameOf = (project: string | null | undefined, id: string) => ({ project: project ?? home, kind, name: id })

const isOfAll = ({ body }: Definition): boolean => body['project'] === null

const textIn = ({ body }: Definition, field: 'title' | 'search'): string => {
  const text = body[field]
  return typeof text === 'string' ? text : ''
}

const toView = (definition: Definition) => ({
  id: definition.name,
  title: textIn(definition, 'title'),
  project: isOfAll(definition) ? null : definition.project,
  search: textIn(definition, 'search'),
  updatedAtMs: definition.updatedAtMs,
})

export const viewHandlers: SomeHandlers<'listViews' | 'saveView' | 'deleteView'> = {
  listViews: async ({ definitions }, { query: { project } }) => {
    const { definitions: found } = await definitions.list({ project: project ?? home, kind, tag: 'latest', limit: 1_000 })
    const views = found.filter((each) => isOfAll(each) === (project === undefined)).map(toView)
    return { views: views.toSorted((left, right) => left.title.localeCompare(right.title)) }
  },
  saveView: async ({ definitions }, { path, body: { title, project, search } }) =>
    toView(
      await definitions.save({
        ...nameOf(project, path.view),
        versioned: false,
        body: { title, search, project: project ?? null },
      }),
    ),
  deleteView: async ({ definitions }, { path, query: { project } }) => {
    await definitions.delete(nameOf(project, path.view))
    return {}
  },
}
