#!/bin/sh
# Run a command here, but with all programs of Debian sid, which has newer Pythons, a newer
# compiler, libc and OpenSSL:
#
#   sh tools/debian_sid.sh 'PYTHONS="3.14 3.15" sh tools/all_pythons.sh all'
#
# The first run installs a sid into build/sid: 900 MB, two minutes. It comes from the
# mirror of Debian that apt has here, checked by the keys of Debian. SID names another
# folder. The command has the checkout at its usual place, and of the rest of this machine
# only its network. What is mounted for it goes with it.
#
# A machine that cannot do it, for the want of a tool or a right, is told why on stderr;
# the exit code is then 77.
set -eu
cd "$(dirname "$0")/.."

[ $# = 1 ] || { echo "usage: sh tools/debian_sid.sh COMMAND" >&2; exit 2; }
command=$1
checkout=$(pwd)
sid=${SID:-$checkout/build/sid}
PACKAGES=ca-certificates,gcc,git,libc6-dev,libssl-dev,make,nftables,openssl,procps,zlib1g-dev
for version in 3.14 3.15; do
    PACKAGES=$PACKAGES,python$version,python$version-dev,python$version-venv
done

cannot() { printf '%s\n' "sid: $*" >&2; exit 77; }

[ "$(id -u)" = 0 ] || cannot "only root can change the root folder"
for tool in debootstrap unshare; do
    command -v "$tool" >/dev/null 2>&1 ||
        cannot "there is no $tool here (packages debootstrap, util-linux)"
done
if [ ! -f "$sid/.stamp" ] || [ "$(cat "$sid/.stamp")" != "$PACKAGES" ]; then
    mirror=$(sh tools/debian_mirror.sh debian) || cannot "apt has no mirror of Debian here"
    rm -rf "$sid"
    mkdir -p "$sid"
    echo "sid: installing into $sid" >&2
    nice debootstrap --variant=minbase --include="$PACKAGES" sid "$sid" "$mirror" \
        >"$sid.log" 2>&1 || cannot "not installed; see $sid.log"
    printf '%s' "$PACKAGES" >"$sid/.stamp"
fi

# --- with mounts of its own, which end with the command ---

mkdir -p "$sid$checkout"
export sid checkout command
exec unshare --mount sh -c '
set -eu
mount -t proc proc "$sid/proc"
for path in /dev /sys /etc/ssl/certs "$checkout"; do
    mount --rbind "$path" "$sid$path"
done
for path in /etc/resolv.conf /etc/hosts; do
    [ ! -e "$path" ] || cat "$path" >"$sid$path"
done
cd "$sid"
exec chroot . sh -c "cd \"\$checkout\" && eval \"\$command\""
'
