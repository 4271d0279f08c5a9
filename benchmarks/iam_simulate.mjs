// Times iam-simulate as a program of its own: cases on stdin, microseconds per decision on stdout.
//
//     node iam_simulate.mjs FOLDER_IT_IS_INSTALLED_IN < cases.json
//
// Only its documented entry is called. Its policies are given as documents, as it takes no compiled ones.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const { runUnsafeSimulation } = createRequire(process.argv[2] + '/package.json')('@cloud-copilot/iam-simulate')
const { cases, loops, rounds } = JSON.parse(readFileSync(0, 'utf8'))
const found = {}
for (const [name, simulation] of Object.entries(cases)) {
  const answer = runUnsafeSimulation(simulation, {})
  let best = Infinity
  const count = Math.max(3, Math.floor(loops / simulation.identityPolicies[0].policy.Statement.length))
  for (let round = 0; round < rounds; round++) {
    const start = process.hrtime.bigint()
    for (let loop = 0; loop < count; loop++) runUnsafeSimulation(simulation, {})
    best = Math.min(best, Number(process.hrtime.bigint() - start) / 1000 / count)
  }
  found[name] = { answer, us: best }
}
process.stdout.write(JSON.stringify(found))
