"""Manual Setup: what to do in the AWS console, step by step, with its labels."""

from dataclasses import dataclass

from integrations.aws.iac.policies import DISCOVERY_POLICY, MemberPolicy, permission_policy, trust_policy
from integrations.aws.identifiers import check_role_name


@dataclass(frozen=True, slots=True)
class ManualStep:
    """One thing to do in the AWS console, with its labels; ``to_copy`` is what to paste there, or empty."""

    sentence: str
    to_copy: str = ""


def discovery_steps(*, partition: str, principal_arn: str, external_id: str, role_name: str) -> tuple[ManualStep, ...]:
    trust = trust_policy(partition=partition, principal_arn=principal_arn, external_id=external_id)
    return (
        ManualStep("Sign in to the AWS console of the management account of your AWS organization and open IAM."),
        *_create_role(trust),
        ManualStep("Add no permissions yet: choose Next."),
        ManualStep("Enter this Role name, then choose Create role.", check_role_name(role_name)),
        ManualStep("Open the new role. On Permissions choose Add permissions, then Create inline policy."),
        ManualStep(
            "Choose JSON, replace what is there with this permission policy, then choose Next.",
            permission_policy(),
        ),
        ManualStep("Enter this Policy name, then choose Create policy.", DISCOVERY_POLICY),
        ManualStep("Copy the ARN of the role from its Summary and paste it into Role ARN here."),
    )


def member_steps(
    *, partition: str, principal_arn: str, external_id: str, role_name: str, policy: MemberPolicy | None = None
) -> tuple[ManualStep, ...]:
    """Manual Setup of the member role, in order; to be done in every account."""
    trust = trust_policy(partition=partition, principal_arn=principal_arn, external_id=external_id)
    policy = policy or MemberPolicy()
    which = "your own policy with this ARN in that account" if policy.is_own else "the AWS managed policy with this ARN"
    return (
        ManualStep("Repeat these steps in every account of your AWS organization, the management account included."),
        ManualStep("Sign in to the AWS console of the account and open IAM."),
        *_create_role(trust),
        ManualStep(
            f"Search for {policy.name.rpartition('/')[2]}, select {which}, then choose Next.", policy.arn(partition)
        ),
        ManualStep(
            "Enter this Role name, the same in every account, then choose Create role.", check_role_name(role_name)
        ),
    )


def _create_role(trust: str) -> tuple[ManualStep, ...]:
    return (
        ManualStep("Choose Roles, then Create role."),
        ManualStep(
            "Select Custom trust policy, replace what is there with this trust policy, then choose Next.", trust
        ),
    )
