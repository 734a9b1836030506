#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The servers that bench/*.sh measure, and what drives them; sourced. All do the same job: TLS 1.3, client certificate
# required and told to the origin in every request.
#
# The caller sets: here (the source tree), dir (for all files; removed by it), pids (children to end; added to here),
# on0, on1 (how to pin the server, and what drives it; may be empty), verified (verified_per_worker), more (further keys
# of sluiced's configuration; may be unset).

# shellcheck disable=SC2034,SC2154 # the caller's variables
sluiced=${SLUICED:-$here/build/release/sluiced}
load=$here/build/release/bench/load

free_port() {
	port=$1
	while ss -Hltn "sport = :$port" | grep -q .; do
		port=$((port + 1))
	done
	echo "$port"
}

fail() {
	echo "${0##*/}: $1" >&2
	tail -n 20 "$dir"/*.log >&2
	exit 1
}

wait_port() {
	n=0
	until ss -Hltn "sport = :$1" | grep -q .; do
		n=$((n + 1))
		[ "$n" -lt 100 ] || fail "nobody listens on port $1"
		sleep 0.1
	done
}

# origin_up: and the certificates; sets origin_pid, origin_port
origin_up() {
	"$here/tools/pki.sh" "$dir" localhost
	origin_port=$(free_port 18080)
	$on1 "$here/build/release/bench/origin" "$origin_port" >"$dir/origin.out" &
	origin_pid=$!
	pids=$origin_pid
	wait_port "$origin_port"
}

# sluiced_up INJECT WORKERS [OPTIONS]: sets server, worker, port
sluiced_up() {
	port=$(free_port 18443)
	cat >"$dir/sluice.yaml" <<YAML
listen: ["127.0.0.1:$port"]
access_log: false
${more:-}
options: { workers: $2, requests_per_conn: 100000000, body_kib: 0, verified_per_worker: $verified${3:+, $3} }
hosts:
  - names: [localhost]
    certificate: $dir/server.pem
    key: $dir/server.key
    client_auth: { verify: require, ca: $dir/client-ca.pem }
    identity: { inject: $1 }
    origins: ["127.0.0.1:$origin_port"]
YAML
	pin=$on0
	[ "$2" -eq 1 ] || pin=
	$pin "$sluiced" --config "$dir/sluice.yaml" 2>"$dir/sluiced.log" >/dev/null &
	server=$!
	pids="$pids $server"
	wait_port "$port"
	until grep -q ready "$dir/sluiced.log"; do sleep 0.1; done
	worker=$(pgrep -P "$server" -f role=worker | head -n 1)
}

# nginx_up [LINES]: of its server block
nginx_up() {
	port=$(free_port 18443)
	mkdir -p "$dir/nginx"
	cat >"$dir/nginx.conf" <<CONF
daemon off;
worker_processes 1;
worker_rlimit_nofile $(ulimit -n);
pid $dir/nginx/pid;
error_log $dir/nginx.log warn;
events { worker_connections 16000; }
http {
	access_log off;
	client_body_temp_path $dir/nginx/b; proxy_temp_path $dir/nginx/p; fastcgi_temp_path $dir/nginx/f;
	uwsgi_temp_path $dir/nginx/u; scgi_temp_path $dir/nginx/s;
	keepalive_requests 100000000;
	keepalive_timeout 3600;
	client_max_body_size 0;
	upstream origin { server 127.0.0.1:$origin_port; keepalive 128; keepalive_requests 100000000; }
	server {
		listen 127.0.0.1:$port ssl backlog=4096;
		server_name localhost;
		ssl_certificate $dir/server.pem;
		ssl_certificate_key $dir/server.key;
		ssl_client_certificate $dir/client-ca.pem;
		ssl_verify_client on;
		ssl_protocols TLSv1.3;
		${1:-}
		location / {
			proxy_pass http://origin;
			proxy_http_version 1.1;
			proxy_set_header Connection "";
			proxy_set_header Host \$host;
			proxy_set_header Cf-Client-Cert-Der-Base64 \$ssl_client_escaped_cert;
			proxy_set_header Cf-Client-Cert-Sha256 \$ssl_client_fingerprint;
		}
	}
}
CONF
	chmod 755 "$dir"
	$on0 /usr/sbin/nginx -p "$dir/nginx" -c "$dir/nginx.conf" 2>>"$dir/nginx.log" &
	server=$!
	pids="$pids $server"
	wait_port "$port"
	worker=$(pgrep -P "$server" | head -n 1)
}

# haproxy_up [WORDS]: of its bind line
haproxy_up() {
	port=$(free_port 18443)
	cat "$dir/server.pem" "$dir/server.key" >"$dir/haproxy.pem"
	cat >"$dir/haproxy.cfg" <<CFG
global
	nbthread 1
	maxconn 16000
	expose-experimental-directives
defaults
	mode http
	timeout connect 5s
	timeout client 3600s
	timeout server 3600s
	option splice-auto
frontend front
	bind 127.0.0.1:$port backlog 4096 ssl crt $dir/haproxy.pem ca-file $dir/client-ca.pem verify required ssl-min-ver TLSv1.3 ${1:-}
	http-request set-header Cf-Client-Cert-Der-Base64 %[ssl_c_der,base64]
	http-request set-header Cf-Client-Cert-Sha256 %[ssl_c_der,sha2(256),hex,lower]
	default_backend origin
backend origin
	http-reuse always
	server origin 127.0.0.1:$origin_port
CFG
	$on0 haproxy -db -f "$dir/haproxy.cfg" 2>"$dir/haproxy.log" >&2 &
	server=$!
	pids="$pids $server"
	wait_port "$port"
	worker=$server
}

# server_down: and wait for the end
server_down() {
	kill "$server"
	wait "$server" || true
}

# drive MODE ARGUMENTS...: bench/load
drive() {
	mode=$1
	shift
	$on1 "$load" "$mode" -p "$port" -C "$dir/client.pem" -K "$dir/client.key" "$@"
}

# word NAME LINE: the number behind a word
word() {
	echo "$2" | awk -v w="$1" '{ for (i = 1; i < NF; i++) if ($i == w) print $(i + 1) }'
}

median() {
	sort -n "$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}
