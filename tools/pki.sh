#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A throw-away PKI for trying things out: tools/pki.sh DIR [NAME...]
# Writes into DIR: server-ca.pem, server.pem + .key for the NAMEs (localhost), client-ca.pem, client.pem + .key.
# Elliptic curve P-256, valid for 30 days. The CAs' keys are removed again: nothing more can be issued.
set -eu

dir=${1:?usage: pki.sh DIR [NAME...]}
shift
[ $# -gt 0 ] || set -- localhost
mkdir -p "$dir"
cd "$dir"
umask 077

san=
for name in "$@"; do
	san="$san${san:+,}DNS:$name"
done

# ca FILE SUBJECT
ca() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -sha256 -days 30 -subj "$2" \
		-keyout "$1.key" -out "$1.pem" -addext basicConstraints=critical,CA:TRUE \
		-addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null
}

# leaf FILE SUBJECT CA EXTENSION...
leaf() {
	file=$1 subject=$2 issuer=$3
	shift 3
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -sha256 -subj "$subject" \
		-keyout "$file.key" -out "$file.csr" 2>/dev/null
	printf '%s\n' basicConstraints=critical,CA:FALSE keyUsage=critical,digitalSignature "$@" >"$file.ext"
	openssl x509 -req -in "$file.csr" -CA "$issuer.pem" -CAkey "$issuer.key" -sha256 -days 30 \
		-extfile "$file.ext" -out "$file.pem" 2>/dev/null
	rm -f "$file.csr" "$file.ext"
}

ca server-ca "/CN=Sluice demo server CA"
leaf server "/CN=$1" server-ca extendedKeyUsage=serverAuth "subjectAltName=$san"
ca client-ca "/CN=Sluice demo client CA"
leaf client "/O=Sluice demo/CN=alice" client-ca extendedKeyUsage=clientAuth
rm -f server-ca.key client-ca.key ./*.srl
