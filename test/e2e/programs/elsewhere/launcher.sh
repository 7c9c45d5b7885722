# Compiles with what the file "hidden" says.
exec "$@" "-DHIDDEN=$(cat "$(dirname "$0")/hidden")"
