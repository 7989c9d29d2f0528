#!/bin/sh
# Build the pages into build/docs; a warning is an error. PY names the interpreter.
#
# What a build has left behind that did not end well would make the next one fail, or
# leave its search incomplete. So it is removed. Only pages that have changed are read, but
# -a writes all of them: otherwise the search would lose the index of those that are not.
cd "$(dirname "$0")/.." || exit 1
"${PY:-.venv/bin/python}" -m sphinx -q -W --keep-going -a -b html -d build/doctrees doc build/docs || {
    rm -rf build/doctrees build/docs
    exit 1
}
