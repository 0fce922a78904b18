"""In which groups regions are offered."""

from integrations.aws.regions import PARTITIONS, regions


def test_regions_are_grouped_by_the_part_of_the_world_that_their_names_say() -> None:
    areas: dict[str, list[str]] = {}
    for region in regions("aws"):
        areas.setdefault(region.area, []).append(region.code)
    assert areas["US"] == ["us-east-1", "us-east-2", "us-west-1", "us-west-2"]
    assert areas["Canada"] == ["ca-central-1", "ca-west-1"]
    assert {"Europe", "Asia Pacific", "Middle East", "South America"} <= areas.keys()
    assert all(region.area for partition in PARTITIONS for region in regions(partition))
