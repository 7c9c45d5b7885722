# stage.sh STAGE COMMAND...: runs the command. If the file at-STAGE names a process, that is killed first, once.
order=$PLUGS/at-$1
shift
if [ -e "$order" ]; then
  kill -9 "$(cat "$order")"
  rm "$order"
fi
exec "$@"
