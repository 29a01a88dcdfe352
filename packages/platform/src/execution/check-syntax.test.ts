import { tmpdir } from 'node:os'
import { expect, it } from 'vitest'
import { checkSyntax } from './check-syntax.ts'

const ground = { environment: process.env, workingDirectory: tmpdir() }

it.each([
  ['a.py', 'async def go(context):\n    await context\n'],
  ['a.py', '# -*- coding: latin-1 -*-\nname = "x"\n'],
  ['a.js', 'with (Math) { console.log(PI) }\nreturn\n'],
  ['a.js', '#!/usr/bin/env node\nconst fs = require("fs")\n'],
  ['a.js', '#!/usr/bin/env node\nimport fs from "node:fs"\nawait fs.promises.stat(import.meta.filename)\n'],
  ['a.cjs', 'with (Math) { console.log(PI) }\nreturn 1\n'],
  ['a.mjs', 'import data from "./a.json" with { type: "json" }\nexport default data\n'],
  ['a.ts', 'import type { A } from "b"\nexport default (context: A): number => 1\n'],
  ['a.cts', 'const fs: unknown = require("fs")\nmodule.exports = { fs }\n'],
])('lets pass what its language runs: %s with %j', async (file, code) => {
  await checkSyntax(code, file, ground)
})

it.each([
  ['a.py', 'def go(context): pass\nreturn 1\n', "a.py is no Python: line 2: 'return' outside function."],
  ['a.py', 'await go()\n', "a.py is no Python: line 1: 'await' outside function."],
  ['a.js', 'let x = 1; let x = 2\n', "a.js is no JavaScript: line 1: Identifier 'x' has already been declared."],
  ['a.js', 'import a from "b"\nlet x = 1; let x = 2\n', "a.js is no JavaScript: Identifier 'x' has already been declared."],
  ['a.mjs', 'with (Math) {}\n', 'a.mjs is no JavaScript: Strict mode code may not include a with statement.'],
  ['a.mjs', 'return 1\n', 'a.mjs is no JavaScript: Illegal return statement.'],
  ['a.cjs', 'export default 1\n', "a.cjs is no JavaScript: line 1: Unexpected token 'export'."],
  ['a.cjs', '}); (() => {\n', "a.cjs is no JavaScript: line 1: Unexpected token '}'."],
  ['a.ts', 'let x: number = 1\nlet x = 2\n', 'a.ts is no TypeScript: '],
])('refuses what its language cannot read: %s with %j', async (file, code, sentence) => {
  await expect(checkSyntax(code, file, ground)).rejects.toThrow(sentence)
})

it('runs nothing of what it reads', async () => {
  const endless = 'for (;;);\n'
  for (const file of ['a.js', 'a.mjs', 'a.cjs', 'a.ts']) await checkSyntax(endless, file, ground)
  await checkSyntax('while True: pass\n', 'a.py', ground)
})
