"""Paths: what lies below a folder, and how they follow the parents."""

from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from connections.models import Folder
from connections.tree import allocate_ids, ids_on, rebuild_paths
from tests import factories
from tests.conftest import Cast
from workspaces import isolation


def test_a_path_is_read_as_the_ids_from_the_top_down() -> None:
    assert ids_on("12/40/97/") == [12, 40, 97]
    assert ids_on("") == []


def test_under_a_path_is_the_folder_and_all_below_it_and_nothing_that_only_looks_alike(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        top = factories.folder(cast.at_org, "Top", path="4/", id=4)
        child = factories.folder(cast.at_org, "Child", parent=top, path="4/5/", id=5)
        factories.folder(cast.at_org, "Alike", path="40/", id=40)
        assert list(Folder.objects.filter(path__under=top.path).order_by("path")) == [top, child]


def test_paths_follow_the_parents_and_only_what_moved_is_written(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        a = factories.folder(cast.at_org, "A")
        b = factories.folder(cast.at_org, "B", parent=a)
        c = factories.folder(cast.at_org, "C", parent=b)
        assert rebuild_paths(a.pk) == 0
        Folder.objects.filter(pk=c.pk).update(parent=a)
        assert rebuild_paths(a.pk) == 1
        c.refresh_from_db()
        assert c.path == f"{a.pk}/{c.pk}/"


def test_a_moved_folder_takes_all_below_it_along(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        a, b = factories.folder(cast.at_org, "A"), factories.folder(cast.at_org, "B")
        line = [a]
        for level in range(5):
            line.append(factories.folder(cast.at_org, f"Level {level}", parent=line[-1]))
        Folder.objects.filter(pk=line[1].pk).update(parent=b)
        with CaptureQueriesContext(database) as captured:
            assert rebuild_paths(line[1].pk) == 5
        assert len(captured) == 1
        line[-1].refresh_from_db()
        assert ids_on(line[-1].path) == [b.pk, *(folder.pk for folder in line[1:])]


def test_ids_are_reserved_without_asking_for_none(cast: Cast) -> None:
    assert len(set(allocate_ids(Folder, 3))) == 3
    with CaptureQueriesContext(database) as captured:
        assert allocate_ids(Folder, 0) == []
    assert len(captured) == 0
