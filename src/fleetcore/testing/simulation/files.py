"""The first story: every region takes files in, stores what they say, and follows its log."""

from __future__ import annotations

from typing import Final

from fleetcore.testing.simulation.fakes import FileFakes
from fleetcore.testing.simulation.file_checks import FileChecks
from fleetcore.testing.simulation.file_region import FileRegion
from fleetcore.testing.simulation.scenario import Act, Play, Scenario
from fleetcore.testing.simulation.world import World

REGIONS: Final = ("north", "south", "west")


class FilesScenario(Scenario):
    """Three regions that each take their own files in, with seven workers each.

    Behind the faults all that can be stored is stored, and what cannot is a dead letter; then
    what was damaged is mended, and dead letters are redriven.
    """

    def __init__(self, fakes: FileFakes, region: type[FileRegion] = FileRegion) -> None:
        self._fakes = fakes
        self._region = region

    @property
    def name(self) -> str:
        return "files"

    def begin(self, world: World) -> Play:
        regions = [self._region(world, name, self._fakes) for name in REGIONS]
        for region in regions:
            region.employ()
        checks = [FileChecks(region) for region in regions]

        def only_storing() -> None:
            for region in regions:
                region.may_redrive = False

        def mended() -> None:
            for region in regions:
                region.damage.mend()
                region.may_redrive = True

        return Play(
            always=tuple(each for check in checks for each in check.always()),
            acts=(
                Act(
                    name="every part is stored or a dead letter",
                    begin=only_storing,
                    is_settled=lambda: all(check.is_at_rest() for check in checks),
                ),
                Act(
                    name="every part is stored in the end",
                    begin=mended,
                    is_settled=lambda: all(check.is_settled() for check in checks),
                ),
                Act(
                    name="lanes run empty",
                    begin=lambda: None,
                    is_settled=lambda: all(check.is_empty() for check in checks),
                ),
            ),
            ending=tuple(each for check in checks for each in check.ending()),
        )
