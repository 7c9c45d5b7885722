# Says that it runs, and runs for as long as there is a file "hold".
: > "$1/is-held"
while [ -e "$1/hold" ]; do sleep 0.02; done
