"""Sample AWS organizations: the demo's two, and large ones of any size. The same ids, names and times every time."""

import random
from datetime import UTC, datetime

from tests.fakes.aws.organization import AwsOrganization, new_organization
from tests.fakes.aws.policy import reading_organizations
from tests.fakes.aws.world import Wire, World, add_vendor

FOUNDED = datetime(2019, 4, 1, 9, 0, tzinfo=UTC).timestamp()
DAY = 86_400.0

# OU → its accounts. A name may be followed by its state. Slashes part levels; names may repeat, as they do in AWS.
ACME: dict[str, tuple[str, ...]] = {
    "": ("acme-billing", "legacy-monolith"),
    "Security": ("log-archive", "security-tooling", "audit", "Breakglass"),
    "Infrastructure": ("identity", "backup"),
    "Infrastructure/Network": ("network-hub", "network-inspection", "dns", "vpn-gateway"),
    "Infrastructure/Shared Services": ("ci-runners", "container-registry", "observability", "Data Platform"),
    "Workloads": ("workloads-shared",),
    "Workloads/Prod": ("web-prod", "api-prod", "search-prod", "data-platform", "Data_Platform"),
    "Workloads/Prod/Payments": ("payments-prod", "payments-ledger-prod", "fraud-prod"),
    "Workloads/Prod/Payments/PCI 🔐": ("card-vault-prod", "hsm-prod"),
    "Workloads/Prod/Payments/PCI 🔐/Tokenization": ("tokens-eu-prod", "tokens-us-prod"),
    "Workloads/Prod/Commerce": ("storefront-prod", "checkout-prod", "catalog-prod", "recommendations", "pricing-prod"),
    "Workloads/Dev": ("web-dev", "api-dev", "search-dev", "payments-dev", "checkout-dev", "recommendations", "ml-dev"),
    "Workloads/Staging": ("web-staging", "api-staging"),
    "日本": ("東京-本番", "東京-開発", "大阪-災害復旧", "決済 API"),
    "Sandbox": (
        "sandbox-ana",
        "sandbox-ben",
        "sandbox-chidi",
        "sandbox-Δημήτρης",
        "sandbox-ليلى",
        "sandbox-zoë",
        "SANDBOX",
        "sandbox",
        "🧪 experiments",
        "R&D <prototype>",
        "1-off demo",
    ),
    "Suspended": ("crypto-miner-2023 | SUSPENDED", "acquired-shop | PENDING_CLOSURE", "old-intranet | SUSPENDED"),
}

LABS: dict[str, tuple[str, ...]] = {
    "": (),
    "Research": ("vision", "speech"),
    "Research/Robotics": ("arm-simulator", "warehouse-bots"),
    "Teaching": ("workshops", "hackathon"),
}


def world() -> World:
    """Return the demo's world: AWS organization "acme" for a role, "labs" with a key pair, our own principal."""
    made = World(
        [_from_tree("acme", "Acme Management", ACME), _from_tree("labs", "Labs Management", LABS)],
        wire=Wire(empty_page_every=3),
    )
    made.organizations[0].delegate("security-tooling", since=FOUNDED + 90 * DAY)
    add_vendor(made)
    labs = made.organizations[1]
    reader = made.iam.create_user(labs.management_account_id, "pipes-reader", reading_organizations())
    made.iam.create_key(reader.arn)
    return made


def _from_tree(label: str, management_name: str, tree: dict[str, tuple[str, ...]]) -> AwsOrganization:
    organization = new_organization(label, management_name=management_name, joined_at=FOUNDED)
    ids = {"": organization.root_id}
    day = 0
    for path, accounts in tree.items():
        parent, _, name = path.rpartition("/")
        if path:
            ids[path] = organization.create_unit(name, parent=ids[parent]).id
        for entry in accounts:
            account_name, _, state = entry.partition(" | ")
            day += 1
            organization.create_account(
                account_name,
                parent=ids[path],
                state=state or "ACTIVE",
                joined_at=FOUNDED + day * 13 * DAY,
                # AWS ids may begin with zeros: whoever reads them as numbers shall notice.
                account_id="000123456789" if account_name == "log-archive" else "",
            )
    return organization


TEAMS = ("payments", "search", "catalog", "ledger", "fraud", "identity", "media", "maps", "mobile", "risk", "orders")
STAGES = ("prod", "staging", "dev", "test", "sandbox")


def build(*, accounts: int = 10_000, units: int = 500, seed: int = 1) -> AwsOrganization:
    """Return an AWS organization of this size (the management account included), OUs on all five levels."""
    chance = random.Random(seed)
    organization = new_organization(f"built-{accounts}-{units}-{seed}", joined_at=FOUNDED)
    levels = {organization.root_id: 0}
    for number in range(units):
        parent = chance.choice([unit for unit, level in levels.items() if level < 5])
        made = organization.create_unit(f"{chance.choice(TEAMS)} {number}", parent=parent)
        levels[made.id] = levels[parent] + 1
    parents = list(levels)
    for number in range(1, accounts):
        name = f"{chance.choice(TEAMS)}-{chance.choice(STAGES)}-{number // 3}"
        organization.create_account(name, parent=chance.choice(parents), joined_at=FOUNDED + number * 3600)
    return organization
