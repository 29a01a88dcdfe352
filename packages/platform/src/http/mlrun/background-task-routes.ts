import { missing } from './errors.ts'
import { type Route, route } from './route.ts'

const unknown = (name: string): Error =>
  missing(`There is no background task '${name}'; this server remembers them for a day, and not beyond its own end.`)

export const backgroundTaskRoutes: readonly Route[] = [
  route('GET', 'background-tasks/:name', async ({ tasks }, { params: { name = '' } }) => {
    const found = tasks.find(name)
    if (!found) throw unknown(name)
    return found
  }),
  route('GET', 'projects/:project/background-tasks/:name', async ({ tasks }, { params: { project = '', name = '' } }) => {
    const found = tasks.find(name, project)
    if (!found) throw unknown(name)
    return found
  }),
  route('GET', 'projects/:project/background-tasks', async ({ tasks }, { params: { project = '' }, query }) => {
    const states = query.list('state', 'states')
    const listed = tasks.list(project) as { status: { state: string } }[]
    return { background_tasks: listed.filter(({ status }) => states.length === 0 || states.includes(status.state)) }
  }),
]
