"""Run the command line of `cli` for `python -m aerospike_devserver`."""

import sys

from aerospike_devserver.cli import main

sys.exit(main(prog="python -m aerospike_devserver"))
