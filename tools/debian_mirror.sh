#!/bin/sh
# Print the address of the mirror that apt has here: sh tools/debian_mirror.sh ARCHIVE
#
# ARCHIVE is `debian` or `debian-security`, in which the mirror's path ends. Where apt has
# none, or there is no apt, the exit code is 1.
apt-get indextargets --format '$(REPO_URI)' 2>/dev/null | grep -m 1 "/$1/*\$"
