#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# root.sh CACHE: a squashfs with what the tests run in, made of the packages installed here; prints its path. No root needed.
#
# The image holds the files of $wanted and of all they depend on, as dpkg lists them, with Python's compiled files (they
# belong to no package, and compiling is slow in the guest). Kept by the versions of these packages.
set -eu
cache=$1
wanted="python3 python3-pytest python3-cryptography curl openssl nginx procps iproute2 kmod
	libssl-dev liburing-dev libcyaml-dev libyaml-dev libjansson-dev libmicrohttpd-dev libseccomp-dev"

# With all they depend on: of alternatives and of virtual packages whichever are installed. The essential packages are in,
# for everything may rely on them. The -dev packages are named for the libraries they belong to, whatever these are called
# in this release; they themselves stay out.
# shellcheck disable=SC2016 # dpkg's own variables
versions=$(dpkg-query -W -f '${db:Status-Status};${binary:Package};${Version};${Essential};${Provides};${Pre-Depends}, ${Depends}\n' |
	awk -F';' -v wanted="$wanted" '
	function names(list, into) { # "a (>= 1) | b:any, c" as a b c
		gsub(/\([^)]*\)|:[a-z0-9]+|[,|]/, " ", list)
		return split(list, into, " ")
	}
	$1 == "installed" {
		package = $2
		sub(/:.*/, "", package)
		full[package] = $2 " " $3
		needs[package] = $6
		has[package] = has[package] " " package
		n = names($5, provided)
		for (i = 1; i <= n; i++) has[provided[i]] = has[provided[i]] " " package
		if ($4 == "yes") wanted = wanted " " package
	}
	END {
		todo = split(wanted, queue, " ")
		for (done = 1; done <= todo; done++) {
			n = split(has[queue[done]], owners, " ")
			for (i = 1; i <= n; i++) {
				if (seen[owners[i]]++) continue
				dev = owners[i] ~ /-dev$/
				if (!dev) print full[owners[i]]
				m = names(needs[owners[i]], more)
				for (j = 1; j <= m; j++)
					if (!dev || more[j] ~ /^lib/ && more[j] !~ /-dev$/) queue[++todo] = more[j]
			}
		}
	}' | sort)

[ -n "$versions" ] || { echo "root.sh: dpkg lists nothing" >&2; exit 1; }
key=$( (echo "$versions"; cat "$0") | sha256sum | cut -c1-16)
image=$cache/root/host-$key.sqsh
mkdir -p "$cache/root"
exec 9>"$cache/root/lock"
flock 9
if [ ! -e "$image" ]; then
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	# Debian 12 and later: /bin, /lib, /sbin are links into /usr. Files left out at installation, or not ours to read, are no loss.
	# shellcheck disable=SC2046 # a list of names
	dpkg -L $(echo "$versions" | cut -d' ' -f1) |
		sed -nE 's#^/(bin|sbin|lib|lib32|lib64|libx32)/#/usr/\1/#; \#^/[^.]#p' |
		grep -vE '^/usr/(share/(doc|man|info|locale|lintian|bug)|include)/|\.a$|^/(dev|proc|sys|run|tmp)/' |
		sort -u >"$work/listed"
	# a .pyc beside each .py that has one
	sed -nE 's#^(.*)/([^/]+)\.py$#\1/__pycache__/\2.cpython-*.pyc#p' "$work/listed" |
		while read -r pattern; do
			# shellcheck disable=SC2086 # a pattern
			ls -d $pattern 2>/dev/null || :
		done >"$work/compiled"
	cat "$work/listed" "$work/compiled" - <<-END | sed 's#^/##' | while read -r f; do
		/bin
		/sbin
		/lib
		/lib64
		/etc/ld.so.cache
		/etc/alternatives/awk
		/usr/bin/awk
	END
		if [ -h "/$f" ] || [ -d "/$f" ] || [ -r "/$f" ]; then echo "$f"; fi
	done | sort -u >"$work/files"
	tar -C / --no-recursion --owner=0 --group=0 -cf - -T "$work/files" |
		sqfstar -comp lz4 -no-progress -quiet "$work/root.sqsh" >&2
	# the image of packages that were here before is of no use any more
	rm -f "$cache"/root/host-*.sqsh
	mv "$work/root.sqsh" "$image"
fi
echo "$image"
