"""The page of the explorer: it needs nothing from elsewhere, and its scripts are sound."""

from __future__ import annotations

import json
import math
import re
import shutil
import subprocess
from importlib import resources

import pytest

FILES = {file.name: file.read_text("utf-8") for file in (resources.files("simulator.explorer") / "web").iterdir()}


def test_the_page_needs_nothing_from_elsewhere_and_makes_no_markup_of_texts() -> None:
    known = set(FILES)
    for name, text in FILES.items():
        if name.endswith(".js"):
            for danger in (
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "document.write",
                "eval(",
                "Function(",
                "srcdoc",
            ):
                assert danger not in text, name
            assert set(re.findall(r'from "\./([^"]+)"', text)) <= known, name
        assert not re.findall(r"https?://(?!www\.w3\.org/2000/svg)", text), name
    used = re.findall(r'(?:src|href)="([^"#]+)"', FILES["index.html"])
    assert set(used) <= known
    assert not re.search(r"<script(?![^>]*src=)|<style|\son\w+=|style=", FILES["index.html"]), "the policy allows none"


@pytest.mark.skipif(shutil.which("node") is None, reason="no Node.js on this machine")
@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".js")])
def test_every_script_is_one(name: str) -> None:
    done = subprocess.run(
        ["node", "--input-type=module", "--check"], input=FILES[name], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(shutil.which("node") is None, reason="no Node.js on this machine")
def test_people_stand_on_the_ring_of_their_distance() -> None:
    """The layout, run by Node: everybody on a ring, nobody in another's place, and each hanging on somebody nearer."""
    code = (
        FILES["layout.js"]
        + """
    const people = [{ distance: 0 }], relations = [];
    for (let n = 1; n < 40; n++) people.push({ distance: n < 6 ? 1 : n < 20 ? 2 : 3 });
    for (let n = 1; n < 40; n++) relations.push({ source: n < 6 ? 0 : n < 20 ? 1 + (n % 5) : 6 + (n % 14), target: n });
    const { places, radii, parents } = rings(people, relations, 0);
    console.log(JSON.stringify({ places, radii, parents }));
    """
    )
    done = subprocess.run(["node", "--input-type=module", "-"], input=code, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    distances = [0, *([1] * 5), *([2] * 14), *([3] * 20)]
    radii = [math.hypot(place["x"], place["y"]) for place in told["places"]]
    assert radii == pytest.approx([told["radii"][far] for far in distances])
    assert sorted(set(told["radii"])) == told["radii"]
    assert len({(round(place["x"]), round(place["y"])) for place in told["places"]}) == 40
    assert [distances[parent] for parent in told["parents"][1:]] == [far - 1 for far in distances[1:]]


@pytest.mark.skipif(shutil.which("node") is None, reason="no Node.js on this machine")
def test_a_share_is_not_rounded_to_none_or_all() -> None:
    code = FILES["dom.js"] + "\nconsole.log(JSON.stringify([0, 0.001, 0.5, 0.994, 0.996, 1].map(percent)));"
    done = subprocess.run(["node", "--input-type=module", "-"], input=code, capture_output=True, text=True, timeout=60)
    assert json.loads(done.stdout) == ["0 %", "under 1 %", "50 %", "99 %", "over 99 %", "100 %"], done.stderr
