#!/bin/sh
# What the tests need of the machine beside Python: installed where we may, named where we may not.
set -eu
missing=""
need() { # need PROGRAM-OR-GLOB PACKAGE
    for found in $(command -v "$1" 2>/dev/null) $1; do
        [ -e "$found" ] && return 0
    done
    missing="$missing $2"
}
need '/usr/lib/postgresql/*/bin/initdb' postgresql
need psql postgresql-client
need /usr/sbin/mariadbd mariadb-server
need setpriv util-linux
need systemd-sysusers systemd
need systemd-tmpfiles systemd
need chromium chromium
need pdftotext poppler-utils
need zbarimg zbar-tools
[ -z "$missing" ] && exit 0
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "the tests need these Debian packages:$missing"
    echo "install them with: apt-get install --no-install-recommends$missing"
    exit 1
fi
echo "installing what the tests need:$missing"
apt-get -qq update >/dev/null
# The packaged cluster is not used and not started: the tests make their own.
DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends -y $missing >/dev/null
