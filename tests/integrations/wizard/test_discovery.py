"""Step 3: Discovery Settings, up to the moment when AWS is asked."""

import pytest
from pytest_django.fixtures import Settings

from tests.fakes.aws.iam import VENDOR_ROLE_ARN
from tests.integrations.wizard.conftest import ACCESS_KEY, BY_KEY, BY_ROLE, CONNECTION, ROLE_ARN, SECRET_KEY, Walk

OTHER_KEY = "AKIAI44QH8DHBEXAMPLE"


def test_the_page_has_the_documented_labels(in_org: Walk) -> None:
    page = in_org.to("discovery").page
    assert "<h1>Discovery Settings</h1>" in in_org.html
    for label in (
        "Access Mode Cross-Account Role Access Key",
        "Automatic Setup",
        "Manual Setup",
        "Download Terraform Plan",
        "Download CloudFormation Template",
        "Role ARN",
        "External ID",
        "Rotate",
        "Access Key",
        "Secret Key",
        "Cancel",
        "Previous",
        "Test Discovery",
        "Next",
    ):
        assert label in page


def test_the_external_id_is_read_only_and_in_both_setups(in_org: Walk) -> None:
    external_id = in_org.to("discovery").draft().discovery_external_id
    assert f'<input id="id_external_id" value="{external_id}" readonly' in in_org.html
    assert f'"sts:ExternalId": "{external_id}"' in in_org.page


def test_an_external_id_in_the_request_is_ignored(in_org: Walk) -> None:
    before = in_org.to("discovery").draft()
    in_org.post("discovery", **BY_ROLE, external_id="t_x:mine", discovery_external_id="t_x:mine", id="1")
    after = in_org.draft()
    assert after.discovery_external_id == before.discovery_external_id
    assert after.connection_external_id == before.connection_external_id


def test_a_role_is_stored_and_leads_on(in_org: Walk) -> None:
    in_org.to("discovery").post("discovery", **BY_ROLE | {"role_arn": f"  {ROLE_ARN} "})
    draft = in_org.draft()
    assert (in_org.at, draft.access_mode, draft.role_arn, draft.steps_done) == ("connection", "role", ROLE_ARN, 3)


COPIED = ['"{}"', "'{}',", "“{}”", "\u200b{}", "\ufeff{}\u200b", "`{}`", " {}\u00a0", "<{}>", "{};"]


@pytest.mark.parametrize("around", COPIED)
def test_what_comes_along_when_people_copy_is_taken_off(in_org: Walk, around: str) -> None:
    in_org.to("discovery").post("discovery", access_mode="role", role_arn=around.format(ROLE_ARN))
    assert (in_org.at, in_org.draft().role_arn) == ("connection", ROLE_ARN)


def test_what_cannot_be_seen_is_taken_off_inside_and_of_keys_and_names_too(in_org: Walk) -> None:
    in_org.to("discovery").post(
        "discovery", access_mode="role", role_arn=ROLE_ARN.replace(":role", "\u200b:ro\u00adle")
    )
    assert in_org.draft().role_arn == ROLE_ARN
    in_org.post("connection", **CONNECTION | {"role_name": "“Reader”\u200b"})
    assert in_org.draft().role_name == "Reader"
    pair = {"access_key": f'"{ACCESS_KEY}"', "secret_key": f"\u200b{SECRET_KEY} "}
    in_org.post("discovery", access_mode="key", **pair)
    assert (in_org.draft().access_key_id, in_org.draft().secret_key) == (ACCESS_KEY, SECRET_KEY)


IMPOSSIBLE = [
    ("", "Enter the ARN of the role that you created."),
    ("pipes-discovery", "This is not an ARN"),
    ("arn:aws:iam::123456789012:user/ann", "This ARN is not that of an IAM role"),
    ("arn:aws:iam::12345:role/x", "must be exactly 12 digits, not '12345'"),
    ("arn:aws:iam::123456789012:role/has space", "this one has space (U+0020) in it"),
    ("arn:aws:iam::123456789012:role/pipes\u2013discovery", "this one has en dash (U+2013) in it"),
    ("arn:aws:iam::123456789012:role/pipes\u00a0x", "this one has no-break space (U+00A0) in it"),
    ("arn:aws:iam::999999999999:role/pipes", "is in the AWS account of this installation itself"),
    ("arn:azure:iam::123456789012:role/x", "AWS has no partition 'azure'"),
    (
        "arn:aws-cn:iam::123456789012:role/x",
        "This role is in the AWS partition aws-cn, where this installation has no identity of its own to assume it"
        " (partitions served: aws).",
    ),
]


def test_a_role_arn_that_cannot_be_right_is_refused_before_any_call(in_org: Walk) -> None:
    in_org.to("discovery")
    for arn, sentence in IMPOSSIBLE:
        for button in ("next", "test"):
            in_org.post("discovery", do=button, access_mode="role", role_arn=arn)
            assert sentence in in_org.page
            assert in_org.answer.status_code == 200
            assert not arn or f'value="{arn}"' in in_org.html
    assert in_org.draft().role_arn == ""
    assert "access_test.requested" not in [event.action for event in in_org.audit()]


def test_a_key_pair_is_stored_encrypted_and_leads_on(in_org: Walk) -> None:
    in_org.to("discovery").post("discovery", **BY_KEY)
    draft = in_org.draft()
    assert (in_org.at, draft.access_mode, draft.access_key_id) == ("connection", "key", ACCESS_KEY)
    assert draft.secret_key == SECRET_KEY
    assert SECRET_KEY not in draft.sealed_secret_key


HALVES = [
    ({"access_key": ""}, "Enter the access key."),
    ({"access_key": "AKIA"}, "An access key id has at least 16 capital letters"),
    ({"access_key": "ASIAIOSFODNN7EXAMPLE"}, "This is a temporary access key"),
    ({"secret_key": ""}, "Enter the secret key that belongs to this access key."),
    ({"secret_key": "short"}, "A secret access key has exactly 40 letters"),
    ({"access_key": ""}, "Enter the secret key again: it is stored only together with its access key."),
]


def test_half_a_key_pair_or_a_malformed_one_is_refused(in_org: Walk) -> None:
    in_org.to("discovery")
    for change, sentence in HALVES:
        in_org.post("discovery", **BY_KEY | change)
        assert sentence in in_org.page
        assert (in_org.draft().sealed_secret_key, in_org.draft().steps_done) == ("", 2)


def test_a_stored_secret_is_kept_when_the_field_stays_empty(in_org: Walk) -> None:
    in_org.to("discovery").post("discovery", **BY_KEY)
    in_org.get("discovery")
    assert "A secret key is stored. Leave this empty to keep it." in in_org.page
    in_org.post("discovery", **BY_KEY | {"secret_key": ""})
    assert in_org.at == "connection"
    assert in_org.draft().secret_key == SECRET_KEY


def test_another_access_key_needs_its_own_secret(in_org: Walk) -> None:
    in_org.to("discovery").post("discovery", **BY_KEY)
    in_org.post("discovery", access_mode="key", access_key=OTHER_KEY, secret_key="")
    assert "Enter the secret key that belongs to this access key." in in_org.page
    assert (in_org.draft().access_key_id, in_org.draft().sealed_secret_key) == (OTHER_KEY, "")
    assert in_org.get("connection").headers["Location"] == in_org.url("discovery")


def test_the_secret_is_in_no_page_session_url_log_or_record(in_org: Walk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    in_org.to("discovery")
    seen = [in_org.html]
    for button in ("test", "rotate", "next", "previous"):
        in_org.post("discovery", do=button, **BY_KEY)
        seen += [in_org.html, in_org.answer.headers.get("Location", "")]
        in_org.get("discovery")
        seen.append(in_org.html)
    in_org.post("discovery", **BY_KEY | {"access_key": "typo"})
    seen += [in_org.html, caplog.text, repr(dict(in_org.client.session))]
    seen += [repr(vars(event)) for event in in_org.audit()]
    seen += [repr(vars(in_org.draft())), repr(vars(in_org.test()))]
    for text in seen:
        assert SECRET_KEY not in text
        assert "wJalrXUtn" not in text


def test_without_script_the_fields_of_the_other_mode_are_there_and_ignored(in_org: Walk) -> None:
    in_org.to("discovery").post("discovery", **BY_KEY | {"role_arn": "nonsense"})
    assert in_org.at == "connection"
    assert in_org.draft().role_arn == ""
    in_org.post("discovery", **BY_ROLE | {"access_key": "nonsense", "secret_key": "nonsense"})
    assert in_org.at == "connection"
    assert (in_org.draft().access_mode, in_org.draft().access_key_id) == ("role", ACCESS_KEY)


def test_an_unknown_access_mode_is_refused(in_org: Walk) -> None:
    in_org.to("discovery").post("discovery", **BY_ROLE | {"access_mode": "magic"})
    assert "Choose Cross-Account Role or Access Key." in in_org.page


def test_rotate_makes_a_new_id_and_says_what_to_do(in_org: Walk) -> None:
    before = in_org.to("discovery").draft()
    in_org.post("discovery", do="rotate", **BY_ROLE)
    after = in_org.draft()
    assert after.discovery_external_id != before.discovery_external_id
    assert after.connection_external_id == before.connection_external_id
    assert after.role_arn == ROLE_ARN
    in_org.answer = in_org.client.get(in_org.answer.headers["Location"])
    assert "The External ID is new. Put it into the trust policy of the role" in in_org.page
    event = in_org.audit()[-1]
    assert (event.action, event.details) == ("draft.external_id_rotated", {"used_for": "discovery"})


def test_without_an_identity_of_our_own_the_page_says_who_can_change_that(settings: Settings, in_org: Walk) -> None:
    settings.PIPES_AWS_PRINCIPALS = {}
    in_org.start().post("handle", handle="awsi")
    in_org.get("discovery")
    assert "Ask its operator to set PIPES_AWS_PRINCIPAL_ARN ." in in_org.page
    assert "Download" not in in_org.page
    in_org.post("discovery", **BY_ROLE)
    assert "(partitions served: none)" in in_org.page
    in_org.post("discovery", **BY_KEY)
    assert in_org.at == "connection"


def test_several_partitions_are_chosen_from_and_kept(settings: Settings, in_org: Walk) -> None:
    in_china = VENDOR_ROLE_ARN.replace("arn:aws:", "arn:aws-cn:")
    settings.PIPES_AWS_PRINCIPALS = {"aws": VENDOR_ROLE_ARN, "aws-cn": in_china}
    in_org.to("discovery")
    assert "AWS partition" in in_org.page
    assert VENDOR_ROLE_ARN in in_org.page
    in_org.post("discovery", do="keep", access_mode="role", partition="aws-cn")
    in_org.get("discovery")
    assert in_china in in_org.page
    in_org.post("discovery", do="keep", access_mode="role", partition="aws-moon")
    assert in_org.draft().partition == "aws-cn"


def test_a_role_tells_its_partition_itself(settings: Settings, in_org: Walk) -> None:
    in_china = VENDOR_ROLE_ARN.replace("arn:aws:", "arn:aws-cn:")
    settings.PIPES_AWS_PRINCIPALS = {"aws": VENDOR_ROLE_ARN, "aws-cn": in_china}
    in_org.to("discovery").post("discovery", access_mode="role", role_arn=ROLE_ARN.replace("aws:", "aws-cn:", 1))
    in_org.get("connection")
    assert "cn-north-1" in in_org.page
    assert "us-east-1" not in in_org.page
    assert "AWS China has no service-managed StackSets." in in_org.page


def test_a_role_in_another_partition_than_before_asks_for_the_regions_again(settings: Settings, in_org: Walk) -> None:
    settings.PIPES_AWS_PRINCIPALS |= {"aws-cn": VENDOR_ROLE_ARN.replace("arn:aws:", "arn:aws-cn:")}
    in_org.to("permissions", connection={"all_regions": "some", "regions": ["eu-west-1"]})
    in_org.post("discovery", access_mode="role", role_arn=ROLE_ARN.replace("aws:", "aws-cn:", 1))
    assert in_org.get("permissions").headers["Location"] == in_org.url("connection")


def test_previous_saves_what_is_valid(in_org: Walk) -> None:
    in_org.to("discovery").post("discovery", do="previous", **BY_ROLE)
    assert (in_org.at, in_org.draft().role_arn, in_org.draft().steps_done) == ("handle", ROLE_ARN, 3)
    in_org.post("discovery", do="previous", access_mode="role", role_arn="nonsense")
    assert (in_org.at, in_org.draft().role_arn, in_org.draft().steps_done) == ("handle", ROLE_ARN, 2)
