import { useRouter, useRouterState } from '@tanstack/react-router'
import { type ComponentProps, type MouseEvent, useCallback, useMemo } from 'react'

/** An ordinary link that stays inside the page: new tabs, copied addresses and middle clicks work as everywhere. */
export function A({ href, onClick, ...rest }: Omit<ComponentProps<'a'>, 'href'> & { href: string }) {
  const go = useGo()
  const follow = (event: MouseEvent<HTMLAnchorElement>): void => {
    onClick?.(event)
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    event.preventDefault()
    go(href)
  }
  return <a href={href} onClick={follow} {...rest} />
}

export function useGo(): (href: string, options?: { replace?: boolean }) => void {
  const { history } = useRouter()
  return useCallback((href, options) => (options?.replace ? history.replace(href) : history.push(href)), [history])
}

export const usePath = (): string => useRouterState({ select: (state) => state.location.pathname })

/** The part of the address behind the question mark: all of a view is there, in words. Undefined or empty takes a key out. */
export function useSearch(): [
  search: URLSearchParams,
  change: (values: Record<string, string | undefined>, options?: { push?: boolean }) => void,
] {
  const { history } = useRouter()
  const text = useRouterState({ select: (state) => state.location.searchStr })
  const search = useMemo(() => new URLSearchParams(text), [text])
  const change = useCallback(
    (values: Record<string, string | undefined>, options?: { push?: boolean }) => {
      const next = new URLSearchParams(history.location.search)
      for (const [key, value] of Object.entries(values))
        if (value === undefined || value === '') next.delete(key)
        else next.set(key, value)
      const written = readable(next)
      const href = `${history.location.pathname}${written === '' ? '' : `?${written}`}`
      if (options?.push) history.push(href)
      else {
        history.replace(href)
        // Else a page that is opened in the same moment takes the place of this entry's address.
        history.flush()
      }
    },
    [history],
  )
  return [search, change]
}

/** Letters that need no escape behind the question mark are left as they are, so that a person can read the address. */
export const readable = (search: URLSearchParams): string =>
  search
    .toString()
    .replaceAll(/%(?:2C|3A|2F|40|3D|3E|3C|28|29|27|7E)/g, (escaped) =>
      escaped === '%3C' || escaped === '%3E' || escaped === '%27' ? escaped : decodeURIComponent(escaped),
    )
