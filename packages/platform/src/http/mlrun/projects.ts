import { missing } from './errors.ts'
import { type Route, route } from './route.ts'
import { toTime } from './times.ts'

export const projectRoutes: readonly Route[] = [
  route('GET', 'projects/:project', async ({ tracking }, { params: { project = '' } }) => {
    const found = (await tracking.projects.list()).find(({ name }) => name === project)
    if (!found) throw missing(`Project ${project} not found.`)
    return toProject(found)
  }),
]

const toProject = ({ name, createdAtMs }: { name: string; createdAtMs: number }): object => ({
  kind: 'project',
  metadata: { name, created: toTime(createdAtMs), labels: {}, annotations: {} },
  spec: { description: '', goals: null, params: {}, functions: [], workflows: [], artifacts: [], desired_state: 'online' },
  status: { state: 'online' },
})
