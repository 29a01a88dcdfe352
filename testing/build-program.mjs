// Before the tests: the program that they start is made from the sources as they are.
import { build } from '../scripts/build.mjs'

export default build
