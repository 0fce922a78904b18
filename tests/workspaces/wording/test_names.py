"""Names that others gave: their direction stays theirs, and an ARN leads to what it names."""

import pytest
from django.test import Client

from tests.conftest import Cast
from workspaces import isolation
from workspaces.models import Membership
from workspaces.wording.names import id_in_arn, isolated


@pytest.mark.parametrize("name", ["Prod", "a <b> & c", ""])
def test_plain_names_stay_as_they_are(name: str) -> None:
    assert isolated(name) == name


def test_a_name_from_right_to_left_turns_nothing_around_it() -> None:
    assert isolated("ייצור") == "\u2068ייצור\u2069"
    assert isolated("a\u202eb\u2069c") == "\u2068abc\u2069"


@pytest.mark.parametrize(
    ("arn", "found"),
    [
        ("arn:aws:iam::123456789012:role/x", "123456789012"),
        ("arn:aws-us-gov:sts::123456789012:assumed-role/x/y", "123456789012"),
        ("arn:aws:organizations::111122223333:account/o-abcdefghij/123456789012", "123456789012"),
        ("arn:aws:organizations::111122223333:ou/o-abcdefghij/ou-ab12-cdefgh34", "ou-ab12-cdefgh34"),
        ("arn:", ""),
        ("arn:aws:s3", ""),
    ],
)
def test_an_arn_names_an_account_or_a_part_of_the_tree(arn: str, found: str) -> None:
    assert id_in_arn(arn) == found


def test_a_person_s_name_turns_no_sentence_around_it(cast: Cast, as_org_owner: Client) -> None:
    cast.org_member.name = "נועה"
    cast.org_member.save(update_fields=["name"])
    with isolation.as_tenant(cast.acme.pk):
        member = Membership.objects.get(**cast.at_org.keys, user=cast.org_member)
    url = f"{cast.at_org.url('people')}{member.pk}/"
    assert "Remove <bdi>נועה</bdi> from acme/tnt?" in as_org_owner.get(f"{url}remove/").content.decode()
    assert "Remove \u2068נועה\u2069" in as_org_owner.get(cast.at_org.url("people")).content.decode()
    told = as_org_owner.post(f"{url}role/", {"role": "owner"}, follow=True).content.decode()
    assert "\u2068נועה\u2069 is now Owner of acme/tnt." in told
    told = as_org_owner.post(f"{url}remove/", follow=True).content.decode()
    assert "Removed \u2068נועה\u2069 from acme/tnt." in told
