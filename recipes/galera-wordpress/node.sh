#!/bin/bash
# A node of the Galera cluster: finds the others, or is the first. Of all that start at once, etcd
# names one to begin the cluster; whoever comes later joins those that Docker's DNS names.
set -eu

own=$(hostname -i)
key=$(printf galera/first | base64)

# Writes this node's address down as that of the first, unless there is one. Says whether it did.
claim() {
  local value body
  value=$(printf %s "$own" | base64)
  body="{\"compare\":[{\"key\":\"$key\",\"target\":\"CREATE\",\"create_revision\":\"0\"}],
    \"success\":[{\"request_put\":{\"key\":\"$key\",\"value\":\"$value\"}}]}"
  exec 3<>/dev/tcp/etcd/2379 || return 2
  printf 'POST /v3/kv/txn HTTP/1.0\r\nContent-Length: %d\r\n\r\n%s' "${#body}" "$body" >&3
  local answer
  answer=$(cat <&3)
  exec 3>&-
  case $answer in
  *'"succeeded":true'*) return 0 ;;
  *'"header"'*) return 1 ;;
  *) return 2 ;;
  esac
}

others() { getent ahostsv4 tasks.db | awk -v own="$own" '$1 != own { print $1 }' | sort -u; }

# A database that has been in the cluster before joins again and never begins a new one.
until claim && status=0 || status=$?; [ "$status" -ne 2 ]; do
  echo "node.sh: etcd does not answer yet"
  sleep 1
done
if [ "$status" -eq 0 ]; then
  echo "node.sh: $own begins the cluster"
  set -- --wsrep-new-cluster
else
  until [ "$(others)" ]; do sleep 1; done
  echo "node.sh: $own joins $(others | paste -sd,)"
  set --
fi

exec docker-entrypoint.sh mariadbd "$@" \
  --bind-address=0.0.0.0 --binlog-format=ROW --innodb-autoinc-lock-mode=2 \
  --wsrep-on=ON --wsrep-provider=/usr/lib/galera/libgalera_smm.so \
  --wsrep-cluster-name=castnet --wsrep-cluster-address="gcomm://$(others | paste -sd,)" \
  --wsrep-node-address="$own" --wsrep-sync-wait=1 \
  --wsrep-sst-method=mariabackup --wsrep-sst-auth="root:$MARIADB_ROOT_PASSWORD"
