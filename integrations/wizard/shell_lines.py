"""Lines to paste into a shell beside each download: they fetch the file, run it, and say what it made."""

from shlex import quote
from typing import Final

from integrations.aws.iac import WITHOUT_STACK_SETS, shell
from integrations.aws.iac.shell import Lines
from integrations.aws.regions import home_region
from integrations.models import AccessTest
from integrations.models.settings import NamedSettings
from integrations.wizard import file_links, setup_files

_CLOUDFORMATION: Final = "For AWS CloudShell in the management account, or a terminal with the AWS CLI"
_TERRAFORM: Final = (
    "For a terminal with Terraform and credentials of the management account. Keep the folder that they make: with"
    " its state Terraform changes or removes the roles later"
)
_ROOT: Final = "\"$(aws organizations list-roots --query 'Roots[0].Id' --output text)\""


def for_discovery(settings: NamedSettings) -> list[Lines]:
    """Give the lines for the role of discovery, by CloudFormation and by Terraform; none without a principal."""
    partition = setup_files.served_partition(settings)
    if not partition:
        return []
    return [
        Lines("CloudFormation", f"{_CLOUDFORMATION}.", _deploy(settings, "discovery.yaml", partition)),
        Lines("Terraform", f"{_TERRAFORM}.", _apply(settings, "discovery.tf")),
    ]


def for_members(settings: NamedSettings) -> list[Lines]:
    """Give the lines for the role in each account; none where there is no StackSet."""
    partition = setup_files.served_partition(settings)
    if partition in ("", WITHOUT_STACK_SETS):
        return []
    units, further, sentence = _options(settings)
    once = "If trusted access for StackSets is not activated in this AWS organization yet."
    return [
        Lines("Once", once, shell.activate_stack_sets(home_region(partition))),
        Lines(
            "CloudFormation",
            f"{_CLOUDFORMATION}.{sentence}",
            _deploy(settings, "members.yaml", partition, units, further),
        ),
        Lines("Terraform", f"{_TERRAFORM}.", _apply(settings, "members.tf")),
    ]


def _options(settings: NamedSettings) -> tuple[str, str, str]:
    """Give the OUs that the StackSet goes to, what its launch needs beside its file, and what to say of that."""
    if settings.chosen.is_everything:  # whether the file has the root's id or not, this is it
        return _ROOT, "", ""
    units, further, sentence = "", "", ""
    _, template = setup_files.download(settings, "members.yaml")
    if "# No Default:" in template:
        units = "OU_IDS"
        sentence += " Instead of OU_IDS write the ids of the OUs, comma separated."
    if len(template.encode()) > shell.MOST_BYTES:
        further = "--s3-bucket BUCKET"
        sentence += (
            " This file is larger than what CloudFormation takes from a command line: instead of BUCKET write the name"
            " of an S3 bucket of yours, through which it goes."
        )
    return units, further, sentence


def _deploy(settings: NamedSettings, file: str, partition: str, units: str = "", further: str = "") -> str:
    """Give the lines for a file. A stack that is there keeps the values that it is not told, so it is told all."""
    values_of = setup_files.member_values if units == _ROOT else setup_files.FILES[file][2]
    given = {name: quote(value) for name, value in setup_files.parameters(values_of(settings)).items() if value}
    if units:
        given["OrganizationalUnitIds"] = units
    overrides = "--parameter-overrides " + " ".join(f"{name}={value}" for name, value in given.items())
    kind = AccessTest.Kind.DISCOVERY if file.startswith("discovery") else AccessTest.Kind.CONNECTION
    return shell.deploy(
        url=file_links.url_of(settings, file),
        file_name=setup_files.file_name(settings, file),
        stack=setup_files.stack_name(settings, kind),
        region=home_region(partition),
        further=shell.long(overrides, further),
    )


def _apply(settings: NamedSettings, file: str) -> str:
    return shell.apply(url=file_links.url_of(settings, file), file_name=setup_files.file_name(settings, file))
