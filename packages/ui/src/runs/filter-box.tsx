import { useQuery } from '@tanstack/react-query'
import { printRunField, runAttributes, runStates } from '@trainyard/contract'
import { type KeyboardEvent, memo, type RefObject, useCallback, useEffect, useId, useMemo, useRef, useState } from 'react'
import { valuesQuery } from '../api/queries.ts'
import type { TableKeys } from '../api/types.ts'
import { literalOf } from '../app/filter-literal.ts'
import { formatNumber } from '../format/number.ts'
import { endsInWord, expandShortForm, isUnfinished, type KnownKeys, meantField, placeAt, problemOf } from './filter-text.ts'

interface Suggestion {
  text: string
  note: string
}

/** Longer than between two letters of somebody who types with a will. */
const waitMs = 100
const shown = 12

/** The one filter language, with what there really is to choose from, and the mistake under its character. */
export const FilterBox = memo(function FilterBox({
  value,
  onChange,
  onTyping,
  keys,
  facts,
  input,
}: {
  value: string
  onChange: (filter: string) => void
  /** Whether what is typed is not yet what is shown. */
  onTyping: (isTyping: boolean) => void
  keys: KnownKeys
  facts: TableKeys | undefined
  input: RefObject<HTMLInputElement | null>
}) {
  const [text, setText] = useState(value)
  const [caret, setCaret] = useState(0)
  const [isOpen, setOpen] = useState(false)
  const [chosen, setChosen] = useState(-1)
  const list = useId()
  const expanded = useMemo(() => expandShortForm(text, keys), [text, keys])
  const problem = useMemo(() => problemOf(expanded), [expanded])
  const meant = useMemo(() => (problem ? meantField(expanded, keys) : undefined), [problem, expanded, keys])
  const waits = useMemo(() => problem !== undefined || isUnfinished(text, keys), [problem, text, keys])
  const isMistaken = problem !== undefined && problem.position < expanded.trimEnd().length
  const apply = useApplied({ value, expanded, waits, isMistaken, isTried: endsInWord(text), onChange, setText })
  useEffect(() => onTyping(waits && text !== value), [waits, text, value, onTyping])
  const suggestions = useSuggestions({ text, caret, facts, keys, isOpen })
  const at = Math.min(chosen, suggestions.length - 1)

  const take = (suggestion: Suggestion): void => {
    const { start } = placeAt(text, caret)
    const next = `${text.slice(0, start)}${suggestion.text} ${text.slice(caret).trimStart()}`
    const position = start + suggestion.text.length + 1
    setText(next)
    setCaret(position)
    setChosen(-1)
    requestAnimationFrame(() => input.current?.setSelectionRange(position, position))
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'ArrowDown' && suggestions.length > 0) setChosen((at + 1) % suggestions.length)
    else if (event.key === 'ArrowUp' && suggestions.length > 0) setChosen(at <= 0 ? suggestions.length - 1 : at - 1)
    else if ((event.key === 'Enter' || event.key === 'Tab') && isOpen && at >= 0) take(suggestions[at]!)
    else if (event.key === 'Enter') {
      setOpen(false)
      input.current?.blur()
    } else if (event.key === 'Escape') {
      if (isOpen && suggestions.length > 0) setOpen(false)
      else input.current?.blur()
    } else return
    if (event.key !== 'Tab' || at >= 0) event.preventDefault()
  }
  const isWrong = problem !== undefined && text.trim() !== '' && (isMistaken || !isOpen || suggestions.length === 0)
  return (
    <div className="filter">
      <div className={isWrong ? 'filter-field wrong' : 'filter-field'}>
        <kbd aria-hidden="true">/</kbd>
        <input
          ref={input}
          className="mono"
          role="combobox"
          aria-label="Filter runs"
          aria-expanded={isOpen && suggestions.length > 0}
          aria-controls={list}
          aria-activedescendant={at >= 0 ? `${list}-${at}` : undefined}
          aria-invalid={isWrong}
          aria-describedby={isWrong ? `${list}-problem` : undefined}
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
          placeholder="metrics.val_auc > 0.9 and params.eta < 0.1, or just a word of the name"
          value={text}
          onChange={(event) => {
            setText(event.target.value)
            setCaret(event.target.selectionStart ?? event.target.value.length)
            setOpen(true)
            setChosen(-1)
          }}
          onSelect={(event) => setCaret(event.currentTarget.selectionStart ?? 0)}
          onFocus={() => setOpen(true)}
          onBlur={() => {
            setOpen(false)
            if (!problem) apply()
          }}
          onKeyDown={onKeyDown}
        />
        {text !== '' && (
          <button type="button" className="button plain small" aria-label="Clear the filter" onClick={() => setText('')}>
            ✕
          </button>
        )}
      </div>
      {isWrong && (
        <div className="filter-problem mono" id={`${list}-problem`} role="status">
          <span aria-hidden="true">{' '.repeat(Math.min(problem.position, 90))}▲</span>{' '}
          {meant ? (
            <>
              No run has <code>{problem.unknown}</code>.{' '}
              <button type="button" className="button small" onClick={() => setText(meant.mended)}>
                Did you mean {meant.near}?
              </button>
            </>
          ) : (
            problem.message
          )}
          {expanded !== text && <span className="muted"> Read as: {expanded}</span>}
        </div>
      )}
      <div
        id={list}
        role="listbox"
        aria-label="Completions"
        className="menu"
        hidden={!isOpen || suggestions.length === 0 || isWrong}
      >
        {suggestions.map((suggestion, index) => (
          <div
            key={suggestion.text}
            id={`${list}-${index}`}
            role="option"
            aria-selected={index === at}
            onPointerDown={(event) => {
              event.preventDefault()
              take(suggestion)
            }}
          >
            <span className="mono elide">{suggestion.text}</span>
            <span className="muted">{suggestion.note}</span>
          </div>
        ))}
      </div>
    </div>
  )
})

/**
 * Applies what is typed once it waits for nothing more; the value that is given from outside comes into the box. A word that was tried as
 * part of a name, and then turns out to begin a mistake, is taken back.
 */
function useApplied(options: {
  value: string
  expanded: string
  waits: boolean
  isMistaken: boolean
  isTried: boolean
  onChange: (filter: string) => void
  setText: (text: string) => void
}): () => void {
  const { value, expanded, waits, isMistaken, isTried, onChange, setText } = options
  const applied = useRef(value)
  const settled = useRef(value)
  // They come back as values one after the other, while somebody has typed on.
  const underWay = useRef<string[]>([])
  useEffect(() => {
    const at = underWay.current.indexOf(value)
    underWay.current = underWay.current.slice(at + 1)
    if (at >= 0 || value === applied.current) return
    underWay.current = []
    applied.current = value
    settled.current = value
    setText(value)
  }, [value, setText])
  const change = useCallback(
    (next: string) => {
      if (next === applied.current) return
      applied.current = next
      underWay.current.push(next)
      onChange(next)
    },
    [onChange],
  )
  const apply = useCallback(() => {
    if (!isTried) settled.current = expanded
    change(expanded)
  }, [expanded, isTried, change])
  useEffect(() => {
    if (isMistaken) change(settled.current)
  }, [isMistaken, change])
  const changedAtMs = useRef(performance.now())
  useEffect(() => {
    const sinceMs = performance.now() - changedAtMs.current
    changedAtMs.current = performance.now()
    if (waits) return undefined
    // Whoever pasted it, or paused before this letter, waits for nothing.
    const timer = setTimeout(apply, sinceMs > waitMs ? 0 : waitMs)
    return () => clearTimeout(timer)
  }, [waits, apply])
  return apply
}

const operatorNotes: [string, string][] = [
  ['>', 'greater'],
  ['<', 'less'],
  ['=', 'equal'],
  ['!=', 'other'],
  ['>=', 'at least'],
  ['<=', 'at most'],
  ['contains', 'text inside'],
  ['like', '% stands for any text'],
  ['in (', 'one of several'],
  ['is not null', 'is there'],
]

function useSuggestions(options: {
  text: string
  caret: number
  facts: TableKeys | undefined
  keys: KnownKeys
  isOpen: boolean
}): Suggestion[] {
  const { text, caret, facts, keys, isOpen } = options
  const place = placeAt(text, caret)
  const field = expandField(place.field, keys)
  const { data } = useQuery({ ...valuesQuery(field), enabled: isOpen && place.kind === 'value' && field !== '' })
  if (!isOpen) return []
  const typed = place.typed.replace(/^['"`]/, '').toLowerCase()
  const all =
    place.kind === 'field'
      ? fieldSuggestions(facts, keys)
      : place.kind === 'operator'
        ? operatorNotes.map(([name, note]) => ({ text: name, note }))
        : place.kind === 'join'
          ? [{ text: 'and', note: 'both' }, { text: 'or', note: 'either' }, ...fieldSuggestions(facts, keys)]
          : valueSuggestions(place.field, data)
  const starts = all.filter((each) => each.text.toLowerCase().replace(/^'/, '').startsWith(typed))
  const inside = all.filter((each) => !starts.includes(each) && each.text.toLowerCase().includes(typed))
  return [...starts, ...inside].filter((each) => each.text !== place.typed).slice(0, shown)
}

const expandField = (word: string, keys: KnownKeys): string => {
  if (word.includes('.') || (runAttributes as readonly string[]).includes(word)) return word
  if (keys.params.includes(word)) return printRunField({ scope: 'params', name: word })
  if (keys.metrics.includes(word)) return printRunField({ scope: 'metrics', name: word })
  return ''
}

function fieldSuggestions(facts: TableKeys | undefined, keys: KnownKeys): Suggestion[] {
  const known = new Map((facts?.facts ?? []).map((each) => [`${each.scope} ${each.name}`, each]))
  const ofScope = (scope: 'metrics' | 'params' | 'labels') =>
    keys[scope].map((name) => {
      const fact = known.get(`${scope} ${name}`)
      const range = fact && fact.min !== null && fact.max !== null ? `${formatNumber(fact.min)} … ${formatNumber(fact.max)}` : ''
      const kinds = fact && range === '' ? `${fact.distinctCount} values` : range
      return { text: printRunField({ scope, name }), note: kinds, count: fact?.runCount ?? 0 }
    })
  const values = (['metrics', 'params', 'labels'] as const).flatMap(ofScope).toSorted((left, right) => right.count - left.count)
  return [...values, ...runAttributes.map((name) => ({ text: name, note: 'of the run' }))]
}

function valueSuggestions(
  field: string,
  data: { values: string[]; min: number | null; max: number | null } | undefined,
): Suggestion[] {
  if (field === 'state') return runStates.map((state) => ({ text: state, note: 'state' }))
  if (field === 'kind') return ['run', 'sweep', 'iteration'].map((kind) => ({ text: kind, note: 'kind' }))
  if (['created', 'started', 'ended'].includes(field))
    return ["'1h'", "'1d'", "'7d'", "'30d'"].map((text) => ({ text, note: 'ago' }))
  if (!data) return []
  if (data.min !== null && data.max !== null)
    return [
      { text: String(data.min), note: 'least' },
      { text: String(data.max), note: 'greatest' },
    ]
  return data.values.map((value) => ({ text: literalOf(value), note: '' }))
}
