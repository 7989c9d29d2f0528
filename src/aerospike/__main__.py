"""python -m aerospike: tools around the client."""

from aerospike._doctor.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
