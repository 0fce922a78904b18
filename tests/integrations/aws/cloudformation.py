"""CloudFormation templates as their linter reads them; loaded when a test asks, since that takes half a second."""

from typing import Any


def problems_of(template: str) -> list[str]:
    """What the linter has against a template."""
    from cfnlint.api import lint
    from cfnlint.config import ManualArgs

    return [str(match) for match in lint(template, config=ManualArgs(regions=["us-east-1"]))]


def load_template(text: str) -> Any:
    """A template as data, each part of which knows its line."""
    from cfnlint.decode.cfn_yaml import loads

    return loads(text)
