#!/bin/sh
# Sets up, lints and runs the tests; the last line printed is "N passed, N failed".
#
#   sh scripts/test.sh [--coverage] [PATTERN]    PATTERN: only test files whose path it matches (a regular expression)
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
sh "$root/scripts/setup.sh" --test || {
  echo '0 passed, 1 failed'
  exit 1
}
exec node "$root/scripts/run_tests.mjs" "$@"
