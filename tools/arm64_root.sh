#!/bin/sh
# Make a folder with a small Debian for aarch64 that has Python, and print its path:
#
#   sh tools/arm64_root.sh [FOLDER]      the default: build/arm64
#
# Wheels for aarch64 can then be tried on another kind of machine (tools/try_wheel.py):
# qemu-user-static runs its programs. The packages come from the mirror that apt has here.
# SUITE=trixie picks another release than that of the machine, and so another Python.
# It takes a few minutes. A second run finds it and does nothing.
#
# A machine that cannot have it is told why on stderr; the exit code is then 77.
set -eu
cd "$(dirname "$0")/.."

folder=${1:-build/arm64}
KEYS=/usr/share/keyrings/debian-archive-keyring.gpg
SUITE=${SUITE:-$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")}

say() { printf '%s\n' "arm64: $*" >&2; }
cannot() { say "not made: $*"; exit 77; }

[ "$(id -u)" = 0 ] || cannot "only root can"
[ "$(uname -s)" = Linux ] || cannot "this is no Linux"
for tool in mmdebstrap unshare; do
    command -v "$tool" >/dev/null 2>&1 || cannot "there is no $tool here"
done
if [ "$(uname -m)" != aarch64 ]; then
    # the kernel starts qemu for programs of aarch64; a container may have to ask for it
    formats=/proc/sys/fs/binfmt_misc
    [ -e "$formats/status" ] || mount -t binfmt_misc none "$formats" 2>/dev/null || true
    [ -e "$formats/qemu-aarch64" ] || update-binfmts --enable qemu-aarch64 2>/dev/null ||
        cannot "the kernel does not start qemu (packages qemu-user-static, binfmt-support)"
fi

mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
if ! [ -f "$folder/.stamp" ]; then
    # The mirror that apt has for Debian, without its security updates.
    mirror=$(sh tools/debian_mirror.sh debian) || cannot "apt has no mirror of Debian here"
    rm -rf "$folder"
    say "making a Debian $SUITE, for a few minutes"
    mmdebstrap --quiet --arch=arm64 --variant=minbase --keyring="$KEYS" \
        --include=python3-venv,ca-certificates,openssl "$SUITE" "$folder" "$mirror" >&2 || {
        say "mmdebstrap has failed"
        exit 1
    }
    : >"$folder/.stamp"
fi
# for pip, also where a proxy has a certificate of its own; "localhost" is in the first
for file in hosts resolv.conf ssl/certs/ca-certificates.crt; do
    cp -L "/etc/$file" "$folder/etc/$file"
done
printf '%s\n' "$folder"
