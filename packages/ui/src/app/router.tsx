import type { QueryClient } from '@tanstack/react-query'
import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router'
import { ErrorPage, NotFoundPage } from './error-page.tsx'
import { Shell } from './shell.tsx'

const root = createRootRoute({ component: Shell, notFoundComponent: NotFoundPage, errorComponent: ErrorPage })
const page = (path: string, component: ReturnType<typeof lazyRouteComponent>) =>
  createRoute({ getParentRoute: () => root, path, component })

const home = lazyRouteComponent(() => import('../home/home-page.tsx'), 'HomePage')
const runs = lazyRouteComponent(() => import('../runs/runs-page.tsx'), 'RunsPage')
const run = lazyRouteComponent(() => import('../run/run-page.tsx'), 'RunPage')
const compare = lazyRouteComponent(() => import('../compare/compare-page.tsx'), 'ComparePage')
const models = lazyRouteComponent(() => import('../models/models-page.tsx'), 'ModelsPage')
const model = lazyRouteComponent(() => import('../models/model-page.tsx'), 'ModelPage')
const experiments = lazyRouteComponent(() => import('../pages/experiments-page.tsx'), 'ExperimentsPage')
const experiment = lazyRouteComponent(() => import('../pages/experiment-page.tsx'), 'ExperimentPage')
const artifacts = lazyRouteComponent(() => import('../pages/artifacts-page.tsx'), 'ArtifactsPage')
const jobs = lazyRouteComponent(() => import('../work/jobs-page.tsx'), 'JobsPage')
const functions = lazyRouteComponent(() => import('../work/functions-page.tsx'), 'FunctionsPage')
const functionPage = lazyRouteComponent(() => import('../work/function-page.tsx'), 'FunctionPage')
const schedules = lazyRouteComponent(() => import('../work/schedules-page.tsx'), 'SchedulesPage')
const traces = lazyRouteComponent(() => import('../traces/traces-page.tsx'), 'TracesPage')
const trace = lazyRouteComponent(() => import('../traces/trace-page.tsx'), 'TracePage')
const lineage = lazyRouteComponent(() => import('../lineage/lineage-page.tsx'), 'LineagePage')
const trash = lazyRouteComponent(() => import('../trash/trash-page.tsx'), 'TrashPage')
const projectPage = lazyRouteComponent(() => import('../project/project-page.tsx'), 'ProjectPage')
const projects = lazyRouteComponent(() => import('../pages/projects-page.tsx'), 'ProjectsPage')
const settings = lazyRouteComponent(() => import('../pages/settings-page.tsx'), 'SettingsPage')
const go = lazyRouteComponent(() => import('../pages/go-page.tsx'), 'GoPage')

/** Every page of all projects is also a page of one: `/runs` and `/p/churn/runs`. A run or a comparison needs no project: ids are unique. */
const tree = root.addChildren([
  page('/', home),
  page('/p/$project', home),
  page('/runs', runs),
  page('/p/$project/runs', runs),
  page('/runs/$run', run),
  page('/runs/$run/$tab', run),
  page('/compare', compare),
  page('/models', models),
  page('/p/$project/models', models),
  page('/models/$model', model),
  page('/p/$project/models/$model', model),
  page('/experiments', experiments),
  page('/p/$project/experiments', experiments),
  page('/experiments/$experiment', experiment),
  page('/artifacts', artifacts),
  page('/p/$project/artifacts', artifacts),
  page('/functions', functions),
  page('/p/$project/functions', functions),
  page('/p/$project/functions/$function', functionPage),
  page('/schedules', schedules),
  page('/p/$project/schedules', schedules),
  page('/jobs', jobs),
  page('/p/$project/jobs', jobs),
  page('/traces', traces),
  page('/p/$project/traces', traces),
  page('/traces/$trace', trace),
  page('/p/$project/traces/$trace', trace),
  page('/lineage', lineage),
  page('/trash', trash),
  page('/p/$project/trash', trash),
  page('/p/$project/settings', projectPage),
  page('/projects', projects),
  page('/settings', settings),
  page('/go/$', go),
])

export const createAppRouter = (queries: QueryClient) =>
  createRouter({
    routeTree: tree,
    context: { queries },
    // Our parameters are plain texts; the usual way would wrap them in quotes.
    parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
    stringifySearch: (search) => {
      const text = new URLSearchParams(search as Record<string, string>).toString()
      return text === '' ? '' : `?${text}`
    },
    defaultPendingMinMs: 0,
    defaultErrorComponent: ErrorPage,
    scrollRestoration: false,
  })
