/** Below `/api/v1/`: where clients of MLRun download the items of hubs that they cannot read themselves. */
export const servedItemPath = 'hub/served/:source/functions/:channel/:item/:tag/src/:file'
export const servedItemRoute = `/api/v1/${servedItemPath}`

/** The path of a hub whose items are downloaded there. */
export const servedHubPath = (source: string): string => `/api/v1/hub/served/${encodeURIComponent(source)}`
