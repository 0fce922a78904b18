"""A file of the documentation as a page: sections, links between files, nothing that is not text."""

import pytest

from handbook.rendering import BadPageError, render


def test_a_page_is_its_title_its_lead_and_its_sections() -> None:
    page = render(
        "syncs", "# Syncs\n\nRead *whole*.\n\n## Limit\n\nOver 20 %.\n\n### Asks\n\nBy email.\n\n## Kept\n\nA year."
    )
    assert (page.title, page.lead) == ("Syncs", "Read whole.")
    assert [(one.anchor, one.level, one.text) for one in page.sections] == [
        ("limit", 2, "Over 20 %."),
        ("asks", 3, "By email."),
        ("kept", 2, "A year."),
    ]
    assert [one.anchor for one in page.part("limit")] == ["limit", "asks"]
    assert [one.anchor for one in page.part("asks")] == ["asks"]
    assert page.part("nothing") == ()


def test_links_between_files_lead_between_pages() -> None:
    page = render(
        "a", "# A\n\n[b](guide/b.md) [part](b.md#one-thing) [here](#two) [aws](https://aws.amazon.com/)\n\n## Two\n"
    )
    for address in ('"/docs/b/"', '"/docs/b/#one-thing"', '"#two"', '"https://aws.amazon.com/"'):
        assert f"href={address}" in page.intro
    assert page.links == ("b", "b/one-thing", "a/two")


def test_html_in_a_file_is_shown_as_text() -> None:
    page = render("a", "# A\n\n<script>alert(1)</script> and `<b>`\n\n    <i>\n\n[x](javascript:alert)\n")
    assert "<script" not in page.intro
    assert "&lt;script&gt;" in page.intro
    assert "<i>" not in page.intro
    assert 'href="javascript' not in page.intro


@pytest.mark.parametrize(
    "source", ["No title", "# A\n\n[x](nginx.conf)", "# A\n\n## Same\n\nb\n\n## Same\n"], ids=["title", "link", "twice"]
)
def test_a_bad_page_is_refused(source: str) -> None:
    with pytest.raises(BadPageError):
        render("a", source)
