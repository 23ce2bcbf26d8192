#!/bin/sh
# Tells each task of a Swarm service of every other, for servers that have to be told:
#   SERVICE    the service's name; Docker's DNS answers tasks.SERVICE with its tasks' addresses
#   INTRODUCE  command that tells the server at $1 of the one at $2
#   FORGET     command that tells the server at $1 that the one at $2 is no more
set -eu

# As the first process of its container it would not end on Docker's signal otherwise.
trap 'exit 0' TERM

says() { printf 'discover: %s\n' "$*"; }

# What failed, because a server is only just starting, is tried again with the next look.
introduced=''
known=''
while :; do
  now=$(getent ahostsv4 "tasks.$SERVICE" | awk '{ print $1 }' | sort -u) || now=''
  for one in $known; do
    case " $(echo $now) " in *" $one "*) continue ;; esac
    says "$one is gone"
    for other in $now; do
      sh -c "$FORGET" forget "$other" "$one" || says "$other did not forget $one"
    done
    introduced=$(echo "$introduced" | grep -vF ",$one," || :)
  done
  for one in $now; do
    for other in $now; do
      [ "$one" != "$other" ] || continue
      ! echo "$introduced" | grep -qF ",$one,$other," || continue
      sh -c "$INTRODUCE" introduce "$one" "$other" || continue
      says "told $one of $other"
      introduced="$introduced
,$one,$other,"
    done
  done
  known=$now
  sleep 1
done
