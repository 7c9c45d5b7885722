#!/bin/sh
# Sets up, then builds and starts examples/orbit under `hotreload dev` and says which line to edit.
#
#   sh scripts/demo.sh            in the terminal, until Ctrl-C
#   sh scripts/demo.sh --check    unattended: edits the line, waits for the reload, compares, puts the file back
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
cd "$root"
sh scripts/setup.sh --run

case ${1:-} in
'') ;;
--check) exec node scripts/demo_check.mjs ;;
*)
  echo 'usage: sh scripts/demo.sh [--check]' >&2
  exit 2
  ;;
esac

place=$(grep -n 'EDIT ME' examples/orbit/src/*.cpp | head -n 1)
file=${place%%:*}
line=${place#*:}
cat <<TEXT

  Edit $root/$file
  line ${line%%:*}: ${line#*EDIT ME: }. The planets speed up; where they are, and the count of ticks, stay.

TEXT
exec node dist/devserver/cli.js dev examples/orbit
