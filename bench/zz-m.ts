import { measureAt } from './dashboard.ts'
console.log(await measureAt(process.argv[2]!))
process.exit(0)
