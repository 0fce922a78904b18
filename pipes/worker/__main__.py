"""``python -m pipes.worker [lane …]`` starts the worker."""

import sys

from pipes.worker.lane_processes import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
