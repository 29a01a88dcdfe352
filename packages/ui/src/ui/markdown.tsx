import { useQuery } from '@tanstack/react-query'

/**
 * Loaded with the first note that is shown. HTML in the text stays text and pictures are links: what others wrote can neither run nor
 * tell anybody that it was read.
 */
async function loadMarkdown(): Promise<(text: string) => string> {
  const { default: MarkdownIt } = await import('markdown-it')
  const markdown = new MarkdownIt({ html: false, linkify: true, breaks: true }).disable('image')
  markdown.renderer.rules['link_open'] = (tokens, at, options, _environment, renderer) => {
    tokens[at]!.attrSet('rel', 'noopener noreferrer')
    tokens[at]!.attrSet('target', '_blank')
    return renderer.renderToken(tokens, at, options)
  }
  // The pages allow no style in an attribute.
  markdown.core.ruler.push('alignment', ({ tokens }) => {
    for (const token of tokens) {
      const style = token.attrGet('style')
      if (style !== null) token.attrs = [['align', String(style).replace('text-align:', '')]]
    }
  })
  return (text) => markdown.render(text)
}

/** Markdown as people write it in notes and descriptions: headings, lists, tables, links, code. */
export function Markdown({ text }: { text: string }) {
  const { data: render } = useQuery({ queryKey: ['markdown-it'], queryFn: loadMarkdown, staleTime: Infinity })
  if (!render) return <p className="note-text">{text}</p>
  // Safe by the settings above: the library escapes everything that is not its own.
  return <div className="markdown" dangerouslySetInnerHTML={{ __html: render(text) }} />
}
