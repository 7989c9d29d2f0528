#!/bin/sh
# Build the pages into build/docs; a warning is an error. PY names the interpreter.
#
# What a build has left behind that did not end well would make the next one fail, or
# leave its search incomplete. So it is removed.
cd "$(dirname "$0")/.." || exit 1
"${PY:-.venv/bin/python}" -m sphinx -q -W --keep-going -b html -d build/doctrees doc build/docs || {
    rm -rf build/doctrees build/docs
    exit 1
}
