#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# root.sh CACHE [SUITE]: a squashfs with what the tests run in; prints its path.
#
# Without SUITE it is made of the packages installed here, and no root is needed: the files of $wanted and of all they
# depend on, as dpkg lists them, with Python's compiled files (they belong to no package, and compiling is slow in the
# guest). Kept by the versions of these packages.
# With SUITE, debootstrap makes it: that release's OpenSSL, curl and Python. Needs root. Kept for 30 days (VM_ROOT_DAYS).
# VM_EXPERIMENTAL: packages that it has from Debian's experimental besides.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cache=$1 suite=${2:-}
wanted="python3 python3-pytest python3-cryptography curl openssl nginx procps iproute2 kmod
	libssl-dev liburing-dev libcyaml-dev libyaml-dev libjansson-dev libmicrohttpd-dev libsqlite3-dev libseccomp-dev libbpf-dev"

mkdir -p "$cache/root"
exec 9>"$cache/root/${suite:-host}.lock"
flock 9
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# experimental TREE: the packages, fetched by this machine's apt as for TREE, which needs no network so
experimental() {
	from=$("$here/mirror.sh" "$suite") || return 1
	mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial" "$work/etc/apt.conf.d" "$work/etc/preferences.d" \
		"$work/etc/sources.list.d"
	for s in "$suite" experimental; do
		echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $from $s main"
	done >"$work/etc/sources.list"
	for words in "update" "install -y --download-only --no-install-recommends -t experimental $VM_EXPERIMENTAL"; do
		# shellcheck disable=SC2086 # a list of words
		apt-get -qq -o Dir::State="$work/state" -o Dir::State::status="$1/var/lib/dpkg/status" -o Dir::Cache="$work/cache" \
			-o Dir::Etc="$work/etc" -o Acquire::Languages=none -o APT::Sandbox::User=root \
			-o APT::Update::Error-Mode=any $words || return 1
	done
	# unpacked and no more: they are to be run, not set up as services
	for deb in "$work/cache/archives"/*.deb; do
		dpkg-deb --fsys-tarfile "$deb" | tar -C "$1" --keep-directory-symlink -xf - || return 1
	done
}

if [ -n "$suite" ]; then
	image=$cache/root/$suite$(printf '%s' "${VM_EXPERIMENTAL:+ $VM_EXPERIMENTAL}" | tr ' ' '+').sqsh
	if [ -z "$(find "$image" -mtime "-${VM_ROOT_DAYS:-30}" 2>/dev/null)" ]; then
		mirror=$("$here/mirror.sh" "$suite")
		# debootstrap knows nothing of virtual packages: the one that python3-cryptography needs goes by this name
		include=$(echo "$wanted python3-cffi-backend" | tr -s ' \t\n' ',')
		# the script named here knows every release since the merge of /usr, also those newer than this debootstrap
		debootstrap --variant=minbase --include="$include" "$suite" "$work/tree" "$mirror" \
			/usr/share/debootstrap/scripts/sid >"$cache/root/$suite.log" 2>&1 || { tail -20 "$cache/root/$suite.log" >&2; exit 1; }
		[ -z "${VM_EXPERIMENTAL:-}" ] || experimental "$work/tree" >>"$cache/root/$suite.log" 2>&1 ||
			{ tail -20 "$cache/root/$suite.log" >&2; exit 1; }
		mksquashfs "$work/tree" "$work/root.sqsh" -comp lz4 -no-progress -quiet -wildcards -e 'usr/share/doc/*' \
			'usr/share/locale/*' 'usr/share/man/*' 'usr/include/*' 'var/cache/*' 'var/lib/apt/*' '... *.a' >&2
		mv "$work/root.sqsh" "$image"
	fi
	echo "$image"
	exit 0
fi

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
if [ ! -e "$image" ]; then
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
	mv "$work/root.sqsh" "$image"
fi
touch "$image"
find "$cache/root" -name 'host-*.sqsh' -mtime +30 -delete
echo "$image"
