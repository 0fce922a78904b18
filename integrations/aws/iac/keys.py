"""A user with an access key, for discovery without a role: by hand, from a shell, and how its key is replaced."""

import json
from dataclasses import dataclass
from shlex import quote
from typing import Final

from integrations.aws.iac.manual import ManualStep
from integrations.aws.iac.policies import DISCOVERY_POLICY, permission_policy
from integrations.aws.iac.shell import chained, long
from integrations.aws.identifiers import check_role_name

_OLD: Final = "OLD_ACCESS_KEY"


@dataclass(frozen=True, slots=True)
class KeySetup:
    """How to make the user and its key; ``replacing`` are the lines for another key, each on its own."""

    steps: tuple[ManualStep, ...]
    lines: str
    replacing: tuple[ManualStep, ...]


def discovery_key(*, user_name: str) -> KeySetup:
    user = check_role_name(user_name)  # IAM allows the same of users
    policy = json.dumps(json.loads(permission_policy()), separators=(",", ":"))
    make_key = long(
        f"aws iam create-access-key --user-name {quote(user)}",
        "--query 'AccessKey.[AccessKeyId,SecretAccessKey]' --output text",
    )
    lines = [
        f"aws iam create-user --user-name {quote(user)}",
        long(
            f"aws iam put-user-policy --user-name {quote(user)} --policy-name {DISCOVERY_POLICY}",
            f"--policy-document {quote(policy)}",
        ),
        make_key,
    ]
    old = f"--user-name {quote(user)} --access-key-id {_OLD}"
    return KeySetup(
        _steps(user),
        chained(*lines),
        (
            ManualStep("Make a second key; a user may have two.", make_key),
            ManualStep(
                "Enter it as Access Key and Secret Key in the Config of the integration, and choose Save: it is tried"
                " before it takes over."
            ),
            ManualStep(
                f"When the next sync has worked, switch the old key off, with its id instead of {_OLD}.",
                f"aws iam update-access-key {old} --status Inactive",
            ),
            ManualStep("When nothing misses it, delete it.", f"aws iam delete-access-key {old}"),
        ),
    )


def _steps(user: str) -> tuple[ManualStep, ...]:
    return (
        ManualStep("Sign in to the AWS console of the management account of your AWS organization and open IAM."),
        ManualStep(
            "Choose Users, then Create user. Enter this User name, give no access to the AWS Management Console, and"
            " choose Next.",
            user,
        ),
        ManualStep("Add no permissions yet: choose Next, then Create user."),
        ManualStep("Open the new user. On Permissions choose Add permissions, then Create inline policy."),
        ManualStep(
            "Choose JSON, replace what is there with this permission policy, then choose Next.", permission_policy()
        ),
        ManualStep("Enter this Policy name, then choose Create policy.", DISCOVERY_POLICY),
        ManualStep("On Security credentials choose Create access key, then Third-party service, and go on to the end."),
        ManualStep(
            "Copy Access key and Secret access key into Access Key and Secret Key here: AWS shows the secret only once."
        ),
    )
