"""Two sides of one talk, for the tests of the detectors that look at turns."""

from __future__ import annotations

from simulator.models.situation import Situation
from simulator.roles.guards.scene import Detector, Scene

PERSONA = "a lock keeper on a rural canal who logs every boat by hand"
OPENER = "How can I keep a paper log of boats from getting ruined by rain and damp?"
ANSWER = "Keep the log in a waterproof sleeve and write with a pencil. Ink runs as soon as the page is wet."
SECOND = "My sleeves fog up by noon. Should I leave them open over lunch?"

USER_SCENE = Scene(
    "user",
    own=(OPENER, SECOND),
    other=(ANSWER,),
    persona=PERSONA,
    situation=Situation(about="the dredger comes on Monday"),
)
ASSISTANT_SCENE = Scene("assistant", own=(ANSWER,), other=(OPENER, SECOND))
BEFORE = Scene("user", own=(OPENER,), other=(ANSWER,), persona=PERSONA)


def found(detector: Detector, turn: str, scene: Scene) -> bool:
    label = detector(turn, scene)
    if label is not None:
        assert label.detector == detector.__name__
        assert label.evidence or not turn.strip()
    return label is not None
