"""A user with an access key, instead of a role: made by hand or from a shell, and how its key is replaced."""

import json
from dataclasses import dataclass
from shlex import quote
from typing import Final

from integrations.aws.iac.manual import ManualStep
from integrations.aws.iac.policies import DISCOVERY_POLICY, MemberPolicy, permission_policy
from integrations.aws.iac.shell import chained, long
from integrations.aws.identifiers import check_role_name

_OLD: Final = "OLD_ACCESS_KEY"


@dataclass(frozen=True, slots=True)
class KeySetup:
    """What the user is for, how to make it and its key; ``replacing`` are the steps to another key."""

    sentence: str
    steps: tuple[ManualStep, ...]
    lines: str
    replacing: tuple[ManualStep, ...]


def discovery_key(*, user_name: str) -> KeySetup:
    """Give how to make a user that reads the structure of an AWS organization."""
    user = check_role_name(user_name)  # IAM allows the same of users
    policy = json.dumps(json.loads(permission_policy()), separators=(",", ":"))
    allow = long(
        f"aws iam put-user-policy --user-name {quote(user)} --policy-name {DISCOVERY_POLICY}",
        f"--policy-document {quote(policy)}",
    )
    return _setup(
        user,
        "In the management account, a user that may read the organization’s structure and nothing else, with one access"
        " key.",
        "Sign in to the AWS console of the management account of your AWS organization and open IAM.",
        (
            ManualStep("Add no permissions yet: choose Next, then Create user."),
            ManualStep("Open the new user. On Permissions choose Add permissions, then Create inline policy."),
            ManualStep(
                "Choose JSON, replace what is there with this permission policy, then choose Next.", permission_policy()
            ),
            ManualStep("Enter this Policy name, then choose Create policy.", DISCOVERY_POLICY),
        ),
        allow,
        "Enter it as Access Key and Secret Key in the Config of the integration, and choose Save: it is tried before it"
        " takes over.",
        "When the next sync has worked",
    )


def account_key(*, user_name: str, partition: str) -> KeySetup:
    """Give how to make a user that reads one account."""
    user, policy = check_role_name(user_name), MemberPolicy()
    return _setup(
        user,
        f"In the account, a user that may read it, by the AWS managed policy {policy.name} or one that allows less,"
        " with one access key.",
        "Sign in to the AWS console of the account and open IAM.",
        (
            ManualStep(
                "Choose Attach policies directly, select the AWS managed policy with this ARN, or one that allows less,"
                " and choose Next, then Create user.",
                policy.arn(partition),
            ),
            ManualStep("Open the new user."),
        ),
        f"aws iam attach-user-policy --user-name {quote(user)} --policy-arn {policy.arn(partition)}",
        "Enter it as Access Key and Secret Key here, and choose Save and Test Connection.",
        "When that has worked",
    )


def _setup(
    user: str,
    sentence: str,
    sign_in: str,
    allowing: tuple[ManualStep, ...],
    allow: str,
    enter: str,
    worked: str,
) -> KeySetup:
    make_key = long(
        f"aws iam create-access-key --user-name {quote(user)}",
        "--query 'AccessKey.[AccessKeyId,SecretAccessKey]' --output text",
    )
    old = f"--user-name {quote(user)} --access-key-id {_OLD}"
    return KeySetup(
        sentence,
        _steps(user, sign_in, allowing),
        chained(f"aws iam create-user --user-name {quote(user)}", allow, make_key),
        (
            ManualStep("Make a second key; a user may have two.", make_key),
            ManualStep(enter),
            ManualStep(
                f"{worked}, switch the old key off, with its id instead of {_OLD}.",
                f"aws iam update-access-key {old} --status Inactive",
            ),
            ManualStep("When nothing misses it, delete it.", f"aws iam delete-access-key {old}"),
        ),
    )


def _steps(user: str, sign_in: str, allowing: tuple[ManualStep, ...]) -> tuple[ManualStep, ...]:
    return (
        ManualStep(sign_in),
        ManualStep(
            "Choose Users, then Create user. Enter this User name, give no access to the AWS Management Console, and"
            " choose Next.",
            user,
        ),
        *allowing,
        ManualStep("On Security credentials choose Create access key, then Third-party service, and go on to the end."),
        ManualStep(
            "Copy Access key and Secret access key into Access Key and Secret Key here: AWS shows the secret only once."
        ),
    )
