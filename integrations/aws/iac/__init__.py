"""What a customer creates in AWS so that we can read it: ready files, and the same by hand.

``files`` and ``members`` fill the templates of ``templates/integrations/aws/iac``, ``policies`` is who may assume a
role and what it may do, ``manual`` the steps by hand, ``shell`` the lines to paste. Only known-good values are put into
a file: ``values`` checks each one whole against the form that AWS gives it, and none of those forms has a quote, a line
break or a ``${``.
"""

from integrations.aws.iac.files import discovery_cloudformation, discovery_terraform, events_cloudformation
from integrations.aws.iac.keys import KeySetup, account_key, discovery_key
from integrations.aws.iac.manual import ManualStep, discovery_steps, member_steps
from integrations.aws.iac.members import (
    WITHOUT_STACK_SETS,
    StackSetUnavailableError,
    Targets,
    member_stackset,
    member_terraform,
)
from integrations.aws.iac.policies import (
    ACTIONS,
    KNOWN_POLICIES,
    MemberPolicy,
    permission_policy,
    read_policy,
    trust_policy,
)

__all__ = [
    "ACTIONS",
    "KNOWN_POLICIES",
    "WITHOUT_STACK_SETS",
    "KeySetup",
    "ManualStep",
    "MemberPolicy",
    "StackSetUnavailableError",
    "Targets",
    "account_key",
    "discovery_cloudformation",
    "discovery_key",
    "discovery_steps",
    "discovery_terraform",
    "events_cloudformation",
    "member_stackset",
    "member_steps",
    "member_terraform",
    "permission_policy",
    "read_policy",
    "trust_policy",
]
