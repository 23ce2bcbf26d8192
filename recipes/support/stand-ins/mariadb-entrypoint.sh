#!/bin/bash
# Of the official image's docker-entrypoint.sh: a data directory of its own, root's password from any
# host, and the database.
set -eu
install -d -o mysql -g mysql /run/mysqld
if [ ! -e /var/lib/castnet-made ]; then
  rm -rf /var/lib/mysql/*
  mariadb-install-db --user=mysql --skip-test-db >/dev/null
  mariadbd --user=mysql --bootstrap --wsrep-on=OFF <<SQL
FLUSH PRIVILEGES;
ALTER USER root@localhost IDENTIFIED BY '$MARIADB_ROOT_PASSWORD';
CREATE USER root@'%' IDENTIFIED BY '$MARIADB_ROOT_PASSWORD';
GRANT ALL ON *.* TO root@'%' WITH GRANT OPTION;
CREATE DATABASE $MARIADB_DATABASE;
SQL
  touch /var/lib/castnet-made
fi
exec "$@" --user=mysql
