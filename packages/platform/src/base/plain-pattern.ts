/** A text as a piece of a regular expression, with or without the flag `u`, that matches just it. */
export const plainPattern = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`)
