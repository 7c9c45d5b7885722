# Compiles, and then waits for as long as there is a file "hold": a save can come while the compiler runs.
"$@" || exit 1
here=$(dirname "$0")
if [ -e "$here/hold" ]; then
  : > "$here/is-held"
  while [ -e "$here/hold" ]; do sleep 0.02; done
fi
