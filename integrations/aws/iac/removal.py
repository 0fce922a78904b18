"""What stays in AWS when nobody here needs it any more, and how it is removed: we only read, and cannot do it."""

from dataclasses import dataclass
from shlex import quote

from integrations.aws.iac.manual import ManualStep
from integrations.aws.iac.members import WITHOUT_STACK_SETS
from integrations.aws.iac.policies import DISCOVERY_POLICY
from integrations.aws.iac.shell import chained, long
from integrations.aws.regions import home_region


@dataclass(frozen=True, slots=True)
class Remains:
    """What was made in AWS for one integration, by the names that our files and lines give it.

    Discovery signs in as a ``user``, or else by a role; with ``has_events`` a stack of its own sends us events.
    """

    partition: str
    discovery_stack: str
    discovery_role: str
    member_stack: str
    member_role: str
    policy_arn: str
    user: str = ""
    has_events: bool = False


def discovery_removal(remains: Remains) -> tuple[ManualStep, ...]:
    """Give how what discovery signed in by is removed, in the management account."""
    return (user_removal(remains.user),) if remains.user else role_removal(remains)


def role_removal(remains: Remains) -> tuple[ManualStep, ...]:
    role = quote(remains.discovery_role)
    return (
        ManualStep(
            "The stack of the role for discovery, in the management account; another name if you gave it one.",
            _delete_stack(remains.discovery_stack, remains.partition),
        ),
        ManualStep("Made by Terraform: in the folder with its state.", "terraform destroy"),
        ManualStep(
            "Made by hand: the role.",
            chained(
                f"aws iam delete-role-policy --role-name {role} --policy-name {DISCOVERY_POLICY}",
                f"aws iam delete-role --role-name {role}",
            ),
        ),
    )


def member_removal(remains: Remains) -> tuple[ManualStep, ...]:
    """Give how the role of each account is removed; a stack set goes with the stack that made it."""
    role = quote(remains.member_role)
    by_hand = ManualStep(
        "Made by hand: the role, in each account. Where ACCOUNT_ID stands, write the id of the account.",
        chained(
            long(f"aws iam detach-role-policy --role-name {role}", f"--policy-arn {quote(remains.policy_arn)}"),
            f"aws iam delete-role --role-name {role}",
        ),
    )
    return (by_hand,) if remains.partition == WITHOUT_STACK_SETS else (*_stack_set_removal(remains), by_hand)


def _stack_set_removal(remains: Remains) -> tuple[ManualStep, ...]:
    region, name = home_region(remains.partition), quote(remains.member_stack)
    return (
        ManualStep(
            "The stack of the role in each account, in the account that launched it. The StackSet, its instances and"
            " with them the roles go with it.",
            _delete_stack(remains.member_stack, remains.partition),
        ),
        ManualStep(
            "A StackSet that is still there: first its instances, with the OUs that it went to instead of OU_IDS; then,"
            f" once these are gone, itself. Accounts that were chosen alone are in another one, {name}-accounts. Add"
            " --call-as DELEGATED_ADMIN where a delegated administrator launched it.",
            long(
                f"aws cloudformation delete-stack-instances --region {region} --stack-set-name {name}",
                f"--deployment-targets OrganizationalUnitIds=OU_IDS --regions {region} --no-retain-stacks",
            )
            + f"\naws cloudformation delete-stack-set --region {region} --stack-set-name {name}",
        ),
        ManualStep("Made by Terraform: in the folder with its state.", "terraform destroy"),
    )


def removal(remains: Remains) -> tuple[ManualStep, ...]:
    """Give how everything is removed."""
    steps = discovery_removal(remains) + member_removal(remains)
    if remains.has_events:
        steps += (
            ManualStep(
                "The stack that sends events, in the management account, with its name instead of STACK. Until then"
                " EventBridge goes on sending them, and charges for that.",
                f"aws cloudformation delete-stack --region {home_region(remains.partition)} --stack-name STACK",
            ),
        )
    return steps


def _delete_stack(stack: str, partition: str) -> str:
    return f"aws cloudformation delete-stack --region {home_region(partition)} --stack-name {quote(stack)}"


def user_removal(name: str) -> ManualStep:
    user = quote(name)
    return ManualStep(
        "The user of the access key, in the management account: its keys, with their ids instead of ACCESS_KEY, its"
        " policy, and itself. Another name if you gave it one. A key works for whoever has it until it is deleted.",
        chained(
            f"aws iam delete-access-key --user-name {user} --access-key-id ACCESS_KEY",
            f"aws iam delete-user-policy --user-name {user} --policy-name {DISCOVERY_POLICY}",
            f"aws iam delete-user --user-name {user}",
        ),
    )
