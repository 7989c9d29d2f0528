"""`python -m aerospike_devserver`."""

import sys

from aerospike_devserver.cli import main

sys.exit(main())
