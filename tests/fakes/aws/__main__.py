"""``python -m tests.fakes.aws``."""

import sys

from tests.fakes.aws.cli import main

sys.exit(main())
