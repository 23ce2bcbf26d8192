#!/bin/sh
# Runs one of the project's programs with everything set up:
#   sh scripts/run.sh FILE ARGS…
# npm's scripts call it, so that each of them works on a fresh machine.
set -eu
cd "$(dirname "$0")/.."

# Building needs the machine's programs but not root, except to install them.
case "${1-}" in
plugin/debian/*) sh scripts/setup.sh --lock ;;
plugin/*) sh scripts/setup.sh --no-lab ;;
chaos/*) sh scripts/setup.sh --chaos ;;
scripts/test.ts) sh scripts/setup.sh --test ;;
*) sh scripts/setup.sh ;;
esac
exec node_modules/.bin/node "$@"
