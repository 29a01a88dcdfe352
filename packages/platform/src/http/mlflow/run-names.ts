import { randomInt } from 'node:crypto'

const adjectives =
  'able agile amber bold brave bright calm clever crisp eager fair fleet fresh gentle glad grand keen kind light lively loud lucky merry mighty neat nimble noble proud quick quiet rare royal sharp shy silent sleek smart smooth solid spry stately steady swift tidy upbeat vivid warm wise witty'.split(
    ' ',
  )
const animals =
  'ant auk bat bear bee boar calf carp cat cod colt crab crane crow cub deer doe dog dove duck eel elk ewe fawn finch fish fly fox frog goat goose grouse gull hare hawk hen horse jay koi lamb lark loon lynx mare mole moose moth mouse mule newt otter owl ox panda perch pug quail ram rat ray rook seal shad shark sheep shrew skunk slug smelt snail snake sow squid stag stork swan toad trout vole wasp whale wolf wren yak zebra'.split(
    ' ',
  )

/** A name for a run that was given none, such as `swift-otter-412`. */
export const randomRunName = (): string =>
  `${adjectives[randomInt(adjectives.length)]}-${animals[randomInt(animals.length)]}-${randomInt(1000)}`
