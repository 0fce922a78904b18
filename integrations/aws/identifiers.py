"""What AWS's names must look like: checked before any call, and without AWS's library, so that requests may do it.

The patterns are those of the service models of IAM, STS and Organizations. Each check raises ValueError with a whole
sentence for the field it stands at.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from integrations.aws.regions import partition_of_arn

_ROLE_ARN: Final = re.compile(r"arn:[a-z-]+:iam::([^:]*):role/(.+)", re.ASCII | re.DOTALL)
_ROLE_PATH: Final = re.compile(r"([\x21-\x2e\x30-\x7e]+/)*", re.ASCII)
_ROLE_NAME: Final = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)
ACCOUNT_ID: Final = re.compile(r"[0-9]{12}")
_ACCESS_KEY_ID: Final = re.compile(r"[A-Z0-9]{16,128}")
_SECRET_ACCESS_KEY: Final = re.compile(r"[A-Za-z0-9/+=]{40}")
_NOT_IN_SESSION_NAMES: Final = re.compile(r"[^\w+=,.@-]+", re.ASCII)
_AROUND: Final = " \t\r\n\u00a0\u202f\u3000\"'`´,;<>()[]{}“”„‟‘’‚‛«»‹›"
_ROLE_ARN_LENGTH: Final = 2048
_ROLE_PATH_LENGTH: Final = 512
_SESSION_NAME_LENGTH: Final = 64


@dataclass(frozen=True, slots=True)
class RoleArn:
    """A role ARN taken apart; ``name`` is without the path, ``path`` is '' or ends with a slash."""

    partition: str
    account_id: str
    path: str
    name: str

    def __str__(self) -> str:
        return f"arn:{self.partition}:iam::{self.account_id}:role/{self.path}{self.name}"


def pasted(text: str) -> str:
    """Take off what comes along when people copy: quotes and commas around it, and what cannot be seen anywhere."""
    visible = "".join(each for each in text if unicodedata.category(each) not in ("Cf", "Cc"))
    return visible.strip(_AROUND)


def check_role_arn(text: str) -> RoleArn:
    """Take the ARN of an IAM role apart; raises ValueError with a sentence for anything else."""
    partition = partition_of_arn(text)
    match = _ROLE_ARN.fullmatch(text)
    if match is None:
        strange = _strange(text, "[!-~]")
        raise ValueError(f"This ARN is not that of an IAM role, like arn:aws:iam::123456789012:role/Name{strange}.")
    account_id, path_and_name = match.groups()
    if ACCOUNT_ID.fullmatch(account_id) is None:
        raise ValueError(f"The account id in this ARN must be exactly 12 digits, not {account_id!r}.")
    path, slash, name = path_and_name.rpartition("/")
    path += slash
    if _ROLE_PATH.fullmatch(path) is None or len(path) > _ROLE_PATH_LENGTH or len(text) > _ROLE_ARN_LENGTH:
        raise ValueError(f"The path of the role in this ARN is not one that IAM allows{_strange(path, '[!-~]')}.")
    return RoleArn(partition, account_id, path, check_role_name(name))


def _strange(text: str, allowed: str) -> str:
    """Name the first character that is not allowed, for it may look like another one; to end a sentence with."""
    strange = next((each for each in text if re.fullmatch(allowed, each, re.ASCII) is None), None)
    if strange is None:
        return ""
    return f"; this one has {unicodedata.name(strange, 'a control character').lower()} (U+{ord(strange):04X}) in it"


def check_role_name(text: str) -> str:
    """Return the name of an IAM role as it is; raises ValueError with a sentence when IAM does not allow it."""
    if _ROLE_NAME.fullmatch(text) is None:
        strange = _strange(text, r"[\w+=,.@-]")
        raise ValueError(f"A role name has 1 to 64 letters, digits and characters of +=,.@_- and no spaces{strange}.")
    return text


def member_role_arn(partition: str, account_id: str, role_name: str) -> str:
    """The ARN of the role of that name in a member account, created at the top path."""
    return str(RoleArn(partition, account_id, "", role_name))


# Where people sign in; of the isolated partitions that is not public.
_CONSOLES: Final = {
    "aws": "signin.aws.amazon.com",
    "aws-cn": "signin.amazonaws.cn",
    "aws-us-gov": "signin.amazonaws-us-gov.com",
}


def console_url(partition: str, account_id: str) -> str:
    """Give the page where a person switches to a role of theirs in an account; empty where the partition has none.

    It names no role: the one that Pipes assumes trusts Pipes alone, and which ones people have is known to them.
    """
    host = _CONSOLES.get(partition)
    return f"https://{host}/switchrole?account={account_id}" if host else ""


def check_access_key_id(text: str) -> str:
    """Return a long-lived access key id as it is; raises ValueError with a sentence for anything else."""
    if _ACCESS_KEY_ID.fullmatch(text) is None:
        raise ValueError("An access key id has at least 16 capital letters and digits, like AKIAIOSFODNN7EXAMPLE.")
    if text.startswith("ASIA"):
        raise ValueError("This is a temporary access key, which expires within hours: give one that begins with AKIA.")
    if not text.startswith("AKIA"):
        raise ValueError("The access key id of an IAM user begins with AKIA; this one names something else.")
    return text


def check_secret_access_key(text: str) -> str:
    """Return a secret access key as it is; raises ValueError with a sentence, which never repeats what was typed."""
    if _SECRET_ACCESS_KEY.fullmatch(text) is None:
        raise ValueError("A secret access key has exactly 40 letters, digits and characters of / + =.")
    return text


def session_name(tenant: str, purpose: str) -> str:
    """``pipes-{tenant}-{purpose}``, as the customer's CloudTrail shows us.

    STS allows 2 to 64 of ``[\\w+=,.@-]``: other characters become '-', and a long tenant is cut so that the purpose
    stays readable.
    """
    purpose = _NOT_IN_SESSION_NAMES.sub("-", purpose)[:20]
    room = _SESSION_NAME_LENGTH - len("pipes--") - len(purpose)
    return f"pipes-{_NOT_IN_SESSION_NAMES.sub('-', tenant)[:room]}-{purpose}"
