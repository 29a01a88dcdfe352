/** A command as it is typed wherever the project lies: installed for it alone, or for all. */
export const terminalCommand = (rest: string): string => `npx trainyard ${rest}`
