"""Wheels for Linux, all made on one machine: `make wheels`.

The compiler is zig's (package `ziglang`), which has the C libraries of all targets.
OpenSSL and zlib come from Debian's source packages (tools/debian_source.sh). A wheel
goes this way:

    sdist --> compiled for a target by an interpreter --> auditwheel repair
          --> with SBOM and licences, as a zip with fixed order and times --> checks

Everything is kept in build/wheels, so that a second run does only what is new.
"""
