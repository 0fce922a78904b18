"""How what was made in AWS is removed there: commands that AWS has, about what our files make."""

from shlex import split

from integrations.aws.iac import removal
from integrations.aws.iac.removal import Remains
from tests.integrations.wizard import shell

BY_ROLE = Remains(
    partition="aws-us-gov",
    discovery_stack="pipes-discovery-awsi-0f0f0f",
    discovery_role="pipes-discovery-awsi-0f0f0f",
    member_stack="pipes-members-awsi-0f0f0f",
    member_role="pipes-connection-awsi-0f0f0f",
    policy_arn="arn:aws-us-gov:iam::aws:policy/ReadOnlyAccess",
    has_events=True,
)
BY_KEY = Remains("aws", "s", "r", "m", "c", "arn:aws:iam::ACCOUNT_ID:policy/own", user="pipes-discovery-awsi-0f0f0f")


def test_every_command_is_one_that_aws_has() -> None:
    for remains in (BY_ROLE, BY_KEY):
        texts = [step.to_copy for step in removal.removal(remains) if step.to_copy.startswith("aws")]
        for line in "\n".join(texts).replace("\\\n", " ").replace("&&", "").splitlines():
            _, service, call, *words = split(line)
            flags = [word for word in words if word.startswith("--no-")]
            options = {word.removeprefix("--") for word in words if word.startswith("--") and word not in flags}
            shell.check_call(service, call, options | {flag.removeprefix("--no-") for flag in flags})


def test_what_was_used_is_named_and_nothing_else() -> None:
    by_role, by_key = (
        "\n".join(step.sentence + step.to_copy for step in removal.removal(one)) for one in (BY_ROLE, BY_KEY)
    )
    assert "--region us-gov-west-1 --stack-name pipes-discovery-awsi-0f0f0f" in by_role
    assert "delete-user" not in by_role
    assert "sends events" in by_role
    assert "aws iam delete-user --user-name pipes-discovery-awsi-0f0f0f" in by_key
    assert "delete-role-policy" not in by_key
    assert "sends events" not in by_key
