import { useQuery } from '@tanstack/react-query'

type Highlight = (text: string, language: string) => string

/** Loaded with the first code that is shown; only the languages that functions are written in. */
async function loadHighlight(): Promise<Highlight> {
  const [{ default: core }, ...languages] = await Promise.all([
    import('highlight.js/lib/core'),
    import('highlight.js/lib/languages/python'),
    import('highlight.js/lib/languages/typescript'),
    import('highlight.js/lib/languages/yaml'),
    import('highlight.js/lib/languages/json'),
  ])
  for (const [at, name] of ['python', 'typescript', 'yaml', 'json'].entries()) core.registerLanguage(name, languages[at]!.default)
  return (text, language) => core.highlight(text, { language }).value
}

export function languageOf(file: string): 'python' | 'typescript' | 'yaml' | 'json' {
  if (/\.[cm]?[jt]sx?$/i.test(file)) return 'typescript'
  if (/\.ya?ml$/i.test(file)) return 'yaml'
  return /\.json$/i.test(file) ? 'json' : 'python'
}

/** Code with colours; as it is while they load, and where it is long. */
export function Code({ text, file }: { text: string; file: string }) {
  const { data: highlight } = useQuery({ queryKey: ['highlight.js'], queryFn: loadHighlight, staleTime: Infinity })
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- Scrolled by keyboard.
    <pre className="snippet code" tabIndex={0}>
      {highlight && text.length < 200_000 ? (
        // Safe: the library escapes the text and adds spans with classes.
        <code dangerouslySetInnerHTML={{ __html: highlight(text, languageOf(file)) }} />
      ) : (
        <code>{text}</code>
      )}
    </pre>
  )
}
