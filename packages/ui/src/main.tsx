import './app/tokens.css'
import './app/base.css'
import './app/shell.css'
import './runs/runs.css'
import './charts/charts.css'
import './run/run.css'
import './compare/compare.css'
import './models/models.css'
import './work/work.css'
import './traces/traces.css'
import './previews/previews.css'
import './lineage/lineage.css'
import 'uplot/dist/uPlot.min.css'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { addressOfForeignLink } from './app/foreign-links.ts'
import { createAppRouter } from './app/router.tsx'
import { applyTheme } from './app/theme.ts'

// Fetched while React wakes up: otherwise the router asks for it only then.
if (location.pathname.endsWith('/runs')) void import('./runs/runs-page.tsx')
applyTheme()
const own = addressOfForeignLink(location.hash)
if (own !== undefined) history.replaceState(null, '', own)

const queries = new QueryClient({
  defaultOptions: {
    queries: { staleTime: 2_000, gcTime: 120_000, refetchOnWindowFocus: true, networkMode: 'always', retry: 1 },
    mutations: { networkMode: 'always' },
  },
})
const router = createAppRouter(queries)

createRoot(document.querySelector('#root')!).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
)
