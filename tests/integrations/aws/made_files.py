"""Every hand-out for AWS, made of values that could be real."""

from typing import TypedDict, cast

from integrations.aws import iac


class Values(TypedDict):
    """What every hand-out is made of."""

    partition: str
    principal_arn: str
    external_id: str
    role_name: str


def changed(values: Values, **changes: str) -> Values:
    """The values with some of them replaced."""
    return cast("Values", {**values, **changes})


DISCOVERY = Values(
    partition="aws",
    principal_arn="arn:aws:iam::111122223333:role/service/pipes",
    external_id="o_3f9c27a1e05b84d6c7f2:abcdefghijklmnopqrstuvwxyz",
    role_name="pipes-discovery",
)
MEMBER = Values(
    partition="aws",
    principal_arn="arn:aws:iam::111122223333:role/service/pipes",
    external_id="o_3f9c27a1e05b84d6c7f2:zyxwvutsrqponmlkjihgfedcba",
    role_name="pipes-connection",
)
GOVERNMENT = changed(DISCOVERY, partition="aws-us-gov", principal_arn="arn:aws-us-gov:iam::444455556666:user/pipes")
ROOT_ID = "r-ab12"
EVERYTHING = iac.Targets(ROOT_ID, (ROOT_ID,))
PARTIAL = iac.Targets(
    ROOT_ID, ("ou-ab12-abcdefgh", "ou-ab12-ijklmnop"), ("111122223333", "444455556666"), has_management=False
)
ENDPOINT = "https://pipes.example.com/events/0f0f0f0f-1111-4222-8333-444444444444/"


KEY = iac.discovery_key(user_name=DISCOVERY["role_name"])
ACCOUNT_KEY = iac.account_key(user_name="pipes-connection-0f0f0f", partition="aws-us-gov")
OWN_POLICY = iac.MemberPolicy("team/pipes-read", is_own=True)


def terraform(targets: iac.Targets | None, policy: iac.MemberPolicy | None = None) -> str:
    """The Terraform plan for the members."""
    return iac.member_terraform(**MEMBER, targets=targets, stack_set_name="pipes-members-awsi-0f0f0f", policy=policy)


def steps_text(steps: tuple[iac.ManualStep, ...]) -> str:
    """The steps as a person reads them."""
    return "".join(
        f"{number}. {step.sentence}\n" + (f"\n{step.to_copy}\n\n" if step.to_copy else "")
        for number, step in enumerate(steps, 1)
    )


def handouts() -> dict[str, str]:
    """Every hand-out by the name of its golden file."""
    return {
        "discovery.tf": iac.discovery_terraform(**DISCOVERY),
        "discovery_us_gov.tf": iac.discovery_terraform(**GOVERNMENT),
        "discovery.yaml": iac.discovery_cloudformation(**DISCOVERY),
        "discovery_steps.txt": steps_text(iac.discovery_steps(**DISCOVERY)),
        "events.yaml": iac.events_cloudformation(partition="aws", endpoint=ENDPOINT, key_header="X-Pipes-Key"),
        "events_us_gov.yaml": iac.events_cloudformation(
            partition="aws-us-gov", endpoint=ENDPOINT, key_header="X-Pipes-Key"
        ),
        "member_stackset.yaml": iac.member_stackset(**MEMBER, targets=EVERYTHING),
        "member_stackset_partial.yaml": iac.member_stackset(**MEMBER, targets=PARTIAL),
        "member_stackset_without_root.yaml": iac.member_stackset(**MEMBER, targets=None),
        "members.tf": terraform(EVERYTHING),
        "members_partial.tf": terraform(PARTIAL),
        "discovery_key.txt": steps_text(KEY.steps) + KEY.lines + "\n" + steps_text(KEY.replacing),
        "account_key.txt": steps_text(ACCOUNT_KEY.steps) + ACCOUNT_KEY.lines + "\n" + steps_text(ACCOUNT_KEY.replacing),
        "member_steps_own_policy.txt": steps_text(iac.member_steps(**MEMBER, policy=OWN_POLICY)),
        "member_steps.txt": steps_text(iac.member_steps(**MEMBER)),
    }
