"""Lines to paste into AWS CloudShell or a terminal: they fetch a file, run it, and print what it made.

Each line goes on only where the one before it worked. Whatever is put in is quoted for the shell.
"""

import re
from dataclasses import dataclass
from shlex import quote
from typing import Final

# What CloudFormation takes from a command line; a larger template has to lie in S3.
MOST_BYTES: Final = 51_200


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines to paste: for which tool, what stands before them as a sentence, and the text."""

    tool: str
    sentence: str
    text: str


def stack_name(role_name: str) -> str:
    """Give a name for the stack that makes this role, of the characters that CloudFormation allows."""
    name = re.sub(r"[^0-9A-Za-z]+", "-", role_name).strip("-")[:120]
    return name if name[:1].isalpha() else f"pipes-{name}".rstrip("-")


def deploy(*, url: str, file_name: str, stack: str, region: str, further: str = "") -> str:
    """Lines that launch a CloudFormation template and print its outputs; ``further`` are options of the launch."""
    return chained(
        _fetch(url, file_name),
        long(
            f"aws cloudformation deploy --region {quote(region)} --stack-name {quote(stack)}",
            f"--template-file {quote(file_name)} --capabilities CAPABILITY_NAMED_IAM",
            further,
        ),
        long(
            f"aws cloudformation describe-stacks --region {quote(region)} --stack-name {quote(stack)}",
            "--query \"Stacks[0].Outputs[?OutputKey=='RoleArn'].OutputValue\" --output text",
        ),
    )


def activate_stack_sets(region: str) -> str:
    """A line that lets StackSets reach the accounts of an AWS organization."""
    return f"aws cloudformation activate-organizations-access --region {quote(region)}"


def apply(*, url: str, file_name: str) -> str:
    """Lines that apply a Terraform plan, in a folder of its own, and print its outputs."""
    folder = file_name.rpartition(".")[0]
    return chained(
        f"mkdir -p {quote(folder)} && cd {quote(folder)}",
        _fetch(url, file_name),
        "terraform init && terraform apply && terraform output",
    )


def _fetch(url: str, file_name: str) -> str:
    return long(f"curl --fail --silent --show-error --output {quote(file_name)}", quote(url))


def chained(*commands: str) -> str:
    """Write commands one below the other, each to run only if those before it worked."""
    return " &&\n".join(commands)


def long(*parts: str) -> str:
    """Write one command over several lines."""
    return " \\\n  ".join(filter(None, parts))
