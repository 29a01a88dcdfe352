const paths = {
  home: 'M2.5 7.5 8 3l5.5 4.5V13h-4V9.5h-3V13h-4z',
  runs: 'M2.5 4h11M2.5 8h11M2.5 12h7',
  compare: 'M5 3v10M11 3v10M2.5 6H5M11 9h2.5',
  experiments: 'M6 2.5h4M7 2.5V7l-4 6.5h10L9 7V2.5',
  artifacts: 'M2.5 5 8 2.5 13.5 5v6L8 13.5 2.5 11zM2.5 5 8 7.5 13.5 5M8 7.5v6',
  models: 'M8 2.5 13.5 8 8 13.5 2.5 8zM8 5.5 10.5 8 8 10.5 5.5 8z',
  functions: 'M5.5 3.5 2.5 8l3 4.5M10.5 3.5l3 4.5-3 4.5',
  schedules: 'M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11M8 5v3l2 1.5',
  traces: 'M2.5 3.5h6M4.5 6.5h7M6.5 9.5h5M9.5 12.5h4',
  jobs: 'M2.5 3.5h11v3h-11zM2.5 9.5h11v3h-11zM5 5h.01M5 11h.01',
  projects: 'M2.5 4h4l1.5 1.5h5.5V13h-11z',
  trash: 'M3 4.5h10M6 4.5V3h4v1.5M4.5 4.5l.5 8.5h6l.5-8.5',
  settings: 'M2.5 5h6M11.5 5h2M8.5 3.5v3M2.5 11h2M7.5 11h6M4.5 9.5v3',
} as const

export function Icon({ name }: { name: keyof typeof paths }) {
  return (
    <svg
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.4"
      strokeLinejoin="round"
      strokeLinecap="round"
      aria-hidden="true"
    >
      <path d={paths[name]} />
    </svg>
  )
}
