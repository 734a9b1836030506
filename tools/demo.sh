#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# One request with a client certificate through a real sluiced, and one without: tools/demo.sh [--stay]
# --stay: leave it running and print the curl line, until Ctrl-C.
set -eu

here=$(cd "$(dirname "$0")/.." && pwd)
sluiced=${SLUICED:-$here/build/release/sluiced}
dir=$(mktemp -d)
door=
echo_origin=

finish() {
	status=$?
	trap - EXIT INT TERM
	for pid in $door $echo_origin; do
		kill "$pid" 2>/dev/null || true
	done
	for pid in $door $echo_origin; do
		wait "$pid" 2>/dev/null || true
	done
	rm -rf "$dir"
	exit "$status"
}
trap finish EXIT
trap 'exit 0' INT TERM

fail() {
	echo "demo: $1" >&2
	cat "$dir"/*.log >&2 2>/dev/null || true
	exit 1
}

# A port nobody listens on, outside the range the kernel hands out for outgoing connections where there is one.
free_port() {
	port=$1
	while ss -Hltn "sport = :$port" | grep -q .; do
		port=$((port + 1))
	done
	echo "$port"
}

# wait_for FILE WORD PID
wait_for() {
	n=0
	until grep -q "$2" "$1" 2>/dev/null; do
		kill -0 "$3" 2>/dev/null || fail "did not start"
		n=$((n + 1))
		[ "$n" -lt 200 ] || fail "not ready after 20 s"
		sleep 0.1
	done
}

"$here/tools/pki.sh" "$dir" localhost
port=$(free_port 8443)
echo_port=$(free_port 8080)
cat >"$dir/sluice.yaml" <<YAML
listen: ["127.0.0.1:$port"]
access_log: true
options: { workers: 1 }
hosts:
  - names: [localhost]
    certificate: $dir/server.pem
    key: $dir/server.key
    client_auth: { verify: require, ca: $dir/client-ca.pem }
    origins: ["127.0.0.1:$echo_port"]
YAML

"$sluiced" echo "127.0.0.1:$echo_port" >"$dir/echo.log" 2>&1 &
echo_origin=$!
"$sluiced" --config "$dir/sluice.yaml" >"$dir/access.log" 2>"$dir/error.log" &
door=$!
wait_for "$dir/error.log" ready "$door"

url="https://localhost:$port/hello"
curl="curl --cacert $dir/server-ca.pem"
with="--cert $dir/client.pem --key $dir/client.key"

echo "$ curl $with $url"
# shellcheck disable=SC2086 # words on purpose
seen=$($curl -sS --max-time 20 $with "$url") || fail "the request with a certificate failed"
echo "$seen"
case $seen in
*Cf-Client-Cert-Sha256*) ;;
*) fail "the origin saw no certificate header" ;;
esac

if [ "${1:-}" = --stay ]; then
	echo
	echo "sluiced is up on 127.0.0.1:$port. In another terminal:"
	echo
	echo "  $curl $with $url"
	echo
	echo "Access log below; Ctrl-C ends it."
	tail -n +1 -f "$dir/access.log" --pid="$door" || true
	exit 0
fi

echo
echo "$ curl $url"
if $curl -sS --max-time 20 "$url"; then
	fail "the request without a certificate was answered"
fi
echo "refused, as it should be: no certificate, no handshake"
