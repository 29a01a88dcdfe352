import { styleText } from 'node:util'

const styles = {
  bold: ['bold'],
  dim: ['dim'],
  red: ['red'],
  green: ['green'],
  yellow: ['yellow'],
  blue: ['blue'],
  magenta: ['magenta'],
  cyan: ['cyan'],
  underline: ['underline'],
  boldGreen: ['bold', 'green'],
  boldRed: ['bold', 'red'],
} as const satisfies Record<string, Parameters<typeof styleText>[0]>

export type StyleName = keyof typeof styles
export type Style = { readonly [name in StyleName]: (text: string) => string } & { readonly enabled: boolean }

/** One function per look. With `enabled` false they return the text as it is. */
export function createStyle(enabled: boolean): Style {
  const functions = Object.entries(styles).map(([name, formats]) => [
    name,
    (text: string) => (enabled && text !== '' ? styleText([...formats], text, { validateStream: false }) : text),
  ])
  return { ...Object.fromEntries(functions), enabled }
}
