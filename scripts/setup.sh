#!/bin/sh
# Sets up what is missing in this clone or installed package, one line a step; when nothing is missing, it only looks.
#
#   sh scripts/setup.sh --run     what it takes to run hotreload
#   sh scripts/setup.sh --test    that, and what the tests need (the default)
#
# Needs Node 20.19 or newer. Debian packages are installed as root or with sudo; without either, it says what to run.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
cd "$root"

fail() {
  printf '%s\n' "setup: $*" >&2
  exit 1
}

# One line a step: what, and how it ended. The output of a step is shown only when it fails.
step() {
  printf 'setup: %s ... ' "$1"
  shift
  if "$@" >"$log" 2>&1; then
    if grep -q 'no work to do' "$log"; then echo 'up to date'; else echo 'done'; fi
  else
    echo 'failed'
    cat "$log" >&2
    exit 1
  fi
}

# wants PACKAGE COMMAND...: notes the Debian package unless the command succeeds.
wants() {
  package=$1
  shift
  "$@" >/dev/null 2>&1 || missing="$missing $package"
}

has_header() {
  printf '#include <%s>\n' "$1" | c++ -E -x c++ -
}

has_toolchain() {
  command -v g++ && command -v make
}

has_clang_runtime() {
  test -e "$(clang -print-file-name=libclang_rt.asan-x86_64.a)"
}

# For programs of 32-bit x86.
has_multilib() {
  printf '#include <string>\nint main() { return std::string("").size(); }\n' | "$1" -m32 -x c++ - -o /dev/null
}

find_missing_packages() {
  missing=
  wants build-essential has_toolchain
  wants cmake command -v cmake
  wants ninja-build command -v ninja
  wants pkg-config command -v pkg-config
  wants libelf-dev pkg-config --exists libelf
  wants libdw-dev pkg-config --exists libdw
  wants libwslay-dev has_header wslay/wslay.h
  wants libjsmn-dev has_header jsmn.h
  wants libxxhash-dev has_header xxhash.h
  wants libzydis-dev has_header Zydis/Zydis.h
  if [ "$purpose" = --test ]; then
    wants clang command -v clang++
    wants libclang-rt-dev has_clang_runtime
    wants g++-multilib has_multilib g++
    wants lld command -v ld.lld
    wants mold command -v mold
    wants ccache command -v ccache
    wants distcc command -v distccd
    wants sccache command -v sccache
    wants gdb command -v gdb
    wants lldb command -v lldb
    wants valgrind command -v valgrind
    wants linux-perf command -v perf
    wants doctest-dev has_header doctest/doctest.h
    wants wrk command -v wrk
    wants googletest test -e /usr/src/googletest/CMakeLists.txt
  fi
}

can_be_root() {
  [ "$(id -u)" = 0 ] || { command -v sudo && sudo -n true; }
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  else
    sudo -n "$@"
  fi
}

install_packages() {
  command -v apt-get >/dev/null ||
    fail "this system has no apt-get; please install what Debian calls:$missing"
  can_be_root >/dev/null 2>&1 ||
    fail "packages are missing; please run: sudo apt-get update && sudo apt-get install -y$missing"
  step 'apt-get update' as_root apt-get update -q
  # shellcheck disable=SC2086 # a list of words
  step "apt-get install$missing" as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -q --no-install-recommends $missing
}

has_node() {
  command -v node && command -v npm
}

check_node() {
  has_node >/dev/null ||
    fail 'Node 20.19 or newer is needed, with npm: https://nodejs.org/en/download'
  node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' ||
    fail "Node 20.19 or newer is needed, and this is $(node --version)"
}

# The install scripts of the packages would compile or download what this project does not use.
install_node_modules() {
  [ -e package-lock.json ] || return 0 # an installed package has its dependencies
  installed=node_modules/.package-lock.json
  if [ ! -e "$installed" ] || [ -n "$(find package-lock.json -newer "$installed")" ]; then
    step 'npm ci' npm ci --ignore-scripts --no-audit --no-fund
  fi
}

# cmake-ts downloads Node's headers unless it finds them in its cache; the local Node has brought its own.
seed_node_headers() {
  version=$(node -p process.version)
  headers=$(node -p 'require("path").resolve(process.execPath, "../../include/node")')
  cache=$HOME/.cmake-ts/node/linux/x64/$version/include
  if [ ! -e "$cache/node/node.h" ] && [ -e "$headers/node_api.h" ]; then
    step "headers of Node $version for cmake-ts" copy_directory "$headers" "$cache/node"
  fi
}

copy_directory() {
  mkdir -p "$(dirname -- "$2")"
  rm -rf "$2.new"
  cp -RL "$1" "$2.new"
  mv "$2.new" "$2"
}

# True for a build directory that was configured for the sources in this clone.
is_configured() {
  [ -e "$1/build.ninja" ] && grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$root/$2" "$1/CMakeCache.txt"
}

build_runtime() {
  if ! is_configured runtime/build runtime; then
    rm -rf runtime/build
    step 'configuring the runtime' cmake -S runtime -B runtime/build -G Ninja -DCMAKE_BUILD_TYPE=Release
  fi
  step 'building the runtime' ninja -C runtime/build
}

build_inject() {
  if ! is_configured plugin/inject/build plugin/inject; then
    rm -rf plugin/inject/build
    step 'configuring the helper' cmake -S plugin/inject -B plugin/inject/build -G Ninja -DCMAKE_BUILD_TYPE=Release
  fi
  step 'building the helper' ninja -C plugin/inject/build
}

# cmake-ts builds from nothing each time; where it has been, ninja goes on.
build_addon() {
  abi=$(node -p process.versions.modules)
  staging=$(find plugin/elf/staging -type d -name "*-$abi-Release" 2>/dev/null | head -n 1)
  if [ -z "$staging" ] || ! is_configured "$staging" plugin/elf || ! uses_cached_headers; then
    step 'building the addon' node "$(node -p 'require.resolve("cmake-ts/build/main.js")')" \
      build --package-directory "$root/plugin/elf"
    staging=$(find plugin/elf/staging -type d -name "*-$abi-Release" | head -n 1)
  else
    step 'building the addon' ninja -C "$staging"
  fi
  # A process may have the old one loaded: it keeps its file, and the new one takes the name.
  if ! cmp -s "$staging/hotreload_elf.node" plugin/elf/build/hotreload_elf.node; then
    mkdir -p plugin/elf/build
    cp "$staging/hotreload_elf.node" plugin/elf/build/hotreload_elf.node.new
    mv plugin/elf/build/hotreload_elf.node.new plugin/elf/build/hotreload_elf.node
  fi
}

uses_cached_headers() {
  grep -q "^CMAKE_JS_INC:.*/$version/include/node" "$staging/CMakeCache.txt" && [ -e "$cache/node/node.h" ]
}

compile_typescript() {
  [ -e tsconfig.json ] || return 0 # an installed package is compiled
  step 'compiling TypeScript' tsc --build
}

tsc() {
  node node_modules/typescript/bin/tsc "$@"
}

purpose=${1:---test}
case $purpose in
--run | --test) ;;
*) fail 'usage: sh scripts/setup.sh [--run | --test]' ;;
esac

log=$(mktemp)
trap 'rm -f "$log"' EXIT

[ "$(uname -sm)" = 'Linux x86_64' ] || fail "hotreload runs on Linux on x86-64 only, and this is $(uname -sm)"
find_missing_packages
[ -z "$missing" ] || install_packages
check_node
# Two set-ups of one clone at the same time take turns.
mkdir -p dist
exec 9>dist/.setup.lock
flock 9
install_node_modules
seed_node_headers
build_runtime
build_inject
build_addon
compile_typescript
