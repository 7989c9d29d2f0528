#!/bin/sh
# Unpack the source of a package of Debian:
#
#   sh tools/debian_source.sh PACKAGE FOLDER [options of dpkg-source]
#
# SUITE=sid names the suite that it comes from; the default is trixie.
#
# The mirror is that of Debian that apt has here, and its mirror of security updates where
# it has one. The keys of Debian check what comes from there; neither apt's sources nor
# its lists are changed. Debian's patches are applied unless --skip-patches is among the
# options. FOLDER/source is then the source, FOLDER/version has the package's version, and
# FOLDER/newest the newest one that the mirror lists.
#
# What apt said is in FOLDER/apt.log. A machine that cannot fetch it, for the want of a
# tool, the keys or the source, is told why on stderr; the exit code is then 77. A source
# that does not unpack has 1.
set -eu

package=$1 folder=$2
shift 2
KEYS=/usr/share/keyrings/debian-archive-keyring.gpg
SUITE=${SUITE:-trixie}

say() { printf '%s\n' "source of $package: $*" >&2; }
cannot() { say "$*"; exit 77; }

for tool in apt-get dpkg-source; do
    command -v "$tool" >/dev/null 2>&1 || cannot "there is no $tool here (package dpkg-dev)"
done
[ -f "$KEYS" ] || cannot "$KEYS is missing (package debian-archive-keyring)"

mirror=$(sh "$(dirname "$0")/debian_mirror.sh" debian) || cannot "apt has no mirror of Debian here"
security=$(sh "$(dirname "$0")/debian_mirror.sh" debian-security) || true
[ "$SUITE" != sid ] || security= # what comes there comes into the suite itself

rm -rf "$folder"
mkdir -p "$folder/lists/partial" "$folder/cache/archives/partial"
# apt gives up root to fetch, and must be able to write then
chmod 755 "$folder"
folder=$(cd "$folder" && pwd)
log=$folder/apt.log
{
    echo "deb-src [signed-by=$KEYS] $mirror $SUITE main"
    [ -z "$security" ] ||
        echo "deb-src [signed-by=$KEYS] $security $SUITE-security main"
} >"$folder/sources.list"

failed() {
    tail -n 20 "$log" >&2
    cannot "$1; see $log"
}

# own_apt TOOL ARGUMENTS...: apt-get or apt-cache with nothing of the machine's apt
own_apt() {
    tool=$1
    shift
    "$tool" -q -o Dir::Etc::SourceList="$folder/sources.list" -o Dir::Etc::SourceParts=- \
        -o Dir::State::Lists="$folder/lists" -o Dir::Cache="$folder/cache" \
        -o APT::Update::Post-Invoke-Success= -o Acquire::Languages=none \
        -o APT::Sandbox::User=root "$@"
}
# an error of apt, such as a signature that does not hold, is one here too
own_apt apt-get -o APT::Update::Error-Mode=any update >>"$log" 2>&1 ||
    failed "no list of $SUITE's sources"

# A mirror may lack the files of the newest version, which its lists have already. Then
# the next older one is better than none.
fetch() {
    for version in $(own_apt apt-cache showsrc --only-source "$package" |
        sed -n 's/^Version: //p' | sort -ruV); do
        [ -e "$folder/newest" ] || printf '%s\n' "$version" >"$folder/newest"
        if (cd "$folder" &&
            own_apt apt-get source --download-only "$package=$version") >>"$log" 2>&1; then
            printf '%s\n' "$version" >"$folder/version"
            return
        fi
        say "the mirror has no files of $version"
        rm -f "$folder/${package}_"*
    done
    return 1
}
fetch || failed "it is not to be had"
# apt checked the files by the signed list
dpkg-source --no-check "$@" -x "$folder"/*.dsc "$folder/source" >>"$log" 2>&1 ||
    { tail -n 20 "$log" >&2; say "it does not unpack"; exit 1; }
rm -rf "$folder/lists" "$folder/cache"
