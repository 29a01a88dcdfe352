/** `1 run`, `3 runs`. */
export const countOf = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`

/** With one mark at its end, whatever the reason that it closes with brings along. */
export const sentence = (text: string): string => (/[.!?…]$/.test(text) ? text : `${text}.`)
