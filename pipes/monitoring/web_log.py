"""The web server: what it logs itself goes the way of all that is logged."""

import logging.config
from typing import Any

from gunicorn.glogging import Logger

from pipes.monitoring import logs


class WebLogger(Logger):
    """Leaves format and place to us; before the product is loaded, and where it cannot be, there is nobody else to."""

    def setup(self, cfg: Any) -> None:
        untyped: Any = super()
        untyped.setup(cfg)
        logging.config.dictConfig(logs.from_environment())
