import { Type } from 'typebox'
import { area, closed } from './operation.ts'
import { nullable, timeMs } from './schemas.ts'

const views = area('Saved views')

const search = Type.String({ maxLength: 10_000, description: 'What stands behind ? in the address of the page.' })
const view = Type.Object({
  id: Type.String(),
  title: Type.String(),
  project: nullable(Type.String({ description: 'Null: of all projects.' })),
  search,
  updatedAtMs: timeMs,
})

/** Filters, orders and columns of the table of runs that somebody gave a name; everybody on the server sees them. */
export const viewOperations = {
  listViews: views({
    method: 'GET',
    path: '/views',
    summary: 'Saved views of a project, or those of all projects',
    query: closed({ project: Type.Optional(Type.String()) }),
    answer: Type.Object({ views: Type.Array(view) }),
  }),
  saveView: views({
    method: 'PUT',
    path: '/views/{view}',
    summary: 'Save a view under an id of your own. A repeat replaces it',
    body: closed({
      title: Type.String({ minLength: 1, maxLength: 200 }),
      project: Type.Optional(nullable(Type.String())),
      search,
    }),
    answer: view,
  }),
  deleteView: views({
    method: 'DELETE',
    path: '/views/{view}',
    summary: 'Delete a view. A repeat changes nothing',
    query: closed({ project: Type.Optional(Type.String()) }),
  }),
}
