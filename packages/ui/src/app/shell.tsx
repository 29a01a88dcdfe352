import { useQuery } from '@tanstack/react-query'
import { Outlet } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import { countsQuery, projectsQuery, usePulse } from '../api/queries.ts'
import { DemoBanner } from '../home/demo-banner.tsx'
import { formatCount } from '../format/number.ts'
import { useConnection } from './connection.tsx'
import { Icon } from './icons.tsx'
import { KeyHelp } from './key-help.tsx'
import { searchKeys, useKeys } from './keys.ts'
import { A, useGo, usePath } from './link.tsx'
import { Palette } from './palette.tsx'
import { inProject, useProject } from './project.ts'
import { useTableKeys } from './table-keys.ts'
import { toggleTheme } from './theme.ts'
import { useTitle } from './title.ts'

export function Shell() {
  const [open, setOpen] = useState<'palette' | 'keys' | null>(null)
  const go = useGo()
  const project = useProject()
  useTitle()
  useTableKeys()
  const goTo = (path: string) => ({ run: () => go(inProject(project, path)) })
  useKeys('Everywhere', {
    'mod+k': { label: 'search and act', run: () => setOpen('palette') },
    '?': { label: 'this map', run: () => setOpen('keys') },
    'g h': { label: 'go to Home', ...goTo('/') },
    'g r': { label: 'go to Runs', ...goTo('/runs') },
    'g m': { label: 'go to Models', ...goTo('/models') },
    'g a': { label: 'go to Artifacts', ...goTo('/artifacts') },
    'g e': { label: 'go to Experiments', ...goTo('/experiments') },
    'g f': { label: 'go to Functions', ...goTo('/functions') },
    'g j': { label: 'go to Jobs', ...goTo('/jobs') },
    'g t': { label: 'go to Traces', ...goTo('/traces') },
    'g s': { label: 'go to Settings', run: () => go('/settings') },
    y: { label: 'copy link of this view', run: () => void navigator.clipboard.writeText(location.href) },
  })
  return (
    <div className="shell">
      <a className="skip button" href="#main">
        Skip to content
      </a>
      <TopBar onSearch={() => setOpen('palette')} onKeys={() => setOpen('keys')} />
      <Rail />
      <main id="main" tabIndex={-1}>
        <AwayBanner />
        <DemoBanner />
        <Outlet />
        <MissingProject />
      </main>
      {open === 'palette' && <Palette onClose={() => setOpen(null)} />}
      {open === 'keys' && <KeyHelp onClose={() => setOpen(null)} />}
    </div>
  )
}

function TopBar({ onSearch, onKeys }: { onSearch: () => void; onKeys: () => void }) {
  const connection = useConnection()
  return (
    <header className="topbar">
      <A className="brand" href="/" aria-label="Trainyard">
        <svg width="18" height="18" viewBox="0 0 20 20" aria-hidden="true">
          <rect width="20" height="20" rx="4" fill="var(--accent)" />
          <path d="M4 12h12M4 8h12" stroke="var(--on-accent)" strokeWidth="2" strokeLinecap="round" />
          <path d="M7 5v10M13 5v10" stroke="var(--on-accent)" strokeOpacity=".55" strokeWidth="1.5" strokeLinecap="round" />
        </svg>
        <span>Trainyard</span>
      </A>
      <ProjectSwitch />
      <div className="grow" />
      <button type="button" className="button search" onClick={onSearch}>
        <span>
          Search<span className="wide-only"> or paste any id</span>
        </span>
        <kbd>{searchKeys}</kbd>
      </button>
      <span className={connection.awaySinceMs === null ? 'live' : 'live away'} role="status">
        <span>{connection.awaySinceMs === null ? 'Live' : 'Reconnecting'}</span>
      </span>
      <button type="button" className="button plain" onClick={toggleTheme} aria-label="Light or dark" title="Light or dark">
        ◐
      </button>
      <button type="button" className="button plain keyboard-only" onClick={onKeys} aria-label="Map of keys" title="Map of keys">
        ?
      </button>
    </header>
  )
}

function ProjectSwitch() {
  const project = useProject()
  const path = usePath()
  const go = useGo()
  const { data = [] } = useQuery(projectsQuery)
  const names = data.map(({ name }) => name)
  if (project !== undefined && !names.includes(project)) names.push(project)
  const choose = (next: string): void => {
    const rest = path.replace(/^\/p\/[^/]+/, '') || '/'
    const kept = /^\/(?:runs|models|experiments|artifacts|functions|jobs|schedules|traces)$/.test(rest)
      ? rest
      : rest === '/'
        ? '/'
        : '/runs'
    go(inProject(next === '' ? undefined : next, kept))
  }
  return (
    <div className="crumbs">
      <select aria-label="Project" value={project ?? ''} onChange={(event) => choose(event.target.value)}>
        <option value="">All projects</option>
        {names.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </div>
  )
}

const sections = [
  [
    null,
    [
      ['home', 'Home', '/'],
      ['runs', 'Runs', '/runs'],
      ['experiments', 'Experiments', '/experiments'],
    ],
  ],
  [
    'Work',
    [
      ['functions', 'Functions', '/functions'],
      ['jobs', 'Jobs', '/jobs'],
      ['schedules', 'Schedules', '/schedules'],
    ],
  ],
  ['Data', [['artifacts', 'Artifacts', '/artifacts']]],
  [
    'Ship',
    [
      ['models', 'Models', '/models'],
      ['traces', 'Traces', '/traces'],
    ],
  ],
] as const

function Rail() {
  const project = useProject()
  const path = usePath()
  const pulse = usePulse()
  const { data: counts, refetch } = useQuery(countsQuery(project))
  const seen = useRef('')
  const moved = `${pulse?.newestNumber} ${pulse?.unfinished}`
  useEffect(() => {
    if (seen.current !== '' && seen.current !== moved) void refetch()
    seen.current = pulse ? moved : ''
  }, [moved, pulse, refetch])
  const rail = useRef<HTMLElement>(null)
  // On a phone the pages are a strip that scrolls.
  useEffect(() => {
    rail.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
  }, [path])
  const rest = path.replace(/^\/p\/[^/]+/, '') || '/'
  const isHere = (to: string): boolean => (to === '/' ? rest === '/' : rest === to || rest.startsWith(`${to}/`))
  return (
    <nav ref={rail} className="rail" aria-label="Pages">
      {sections.map(([title, links]) => (
        <div key={title ?? ''}>
          {title && <h2>{title}</h2>}
          {links.map(([icon, label, to]) => (
            <A key={to} href={inProject(project, to)} aria-current={isHere(to) ? 'page' : undefined} title={label}>
              <Icon name={icon} />
              <span className="label">{label}</span>
              {to === '/runs' && counts && <span className="count">{formatCount(counts.runs)}</span>}
            </A>
          ))}
        </div>
      ))}
      <div className="bottom">
        <A href="/projects" aria-current={isHere('/projects') ? 'page' : undefined} title="Projects">
          <Icon name="projects" />
          <span className="label">Projects</span>
        </A>
        <A href={inProject(project, '/trash')} aria-current={isHere('/trash') ? 'page' : undefined} title="Trash">
          <Icon name="trash" />
          <span className="label">Trash</span>
        </A>
        <A href="/settings" aria-current={isHere('/settings') ? 'page' : undefined} title="Settings">
          <Icon name="settings" />
          <span className="label">Settings</span>
        </A>
      </div>
    </nav>
  )
}

/** A project comes to be with its first run, so its pages are there to wait on; but a wrong name must not pass for an empty one. */
function MissingProject() {
  const project = useProject()
  const { data } = useQuery(projectsQuery)
  if (project === undefined || !data || data.some(({ name }) => name === project)) return null
  return (
    <p className="note missing-project" role="status">
      There is no project {project} yet; its first run makes it. <A href="/projects">All projects</A>
    </p>
  )
}

function AwayBanner() {
  const { awaySinceMs, retryInSeconds, retry } = useConnection()
  if (awaySinceMs === null) return null
  const since = new Date(awaySinceMs).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' })
  return (
    <div className="away-banner" role="alert">
      <span className="grow">
        Lost the server at {since}. What you see is from then. Trying again in {retryInSeconds} s.
      </span>
      <button type="button" className="button" onClick={retry}>
        Retry now
      </button>
    </div>
  )
}
