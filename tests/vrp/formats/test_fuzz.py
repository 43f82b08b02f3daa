"""Whatever a file holds, only our own errors come out of the readers."""

import io
import json
import math
import re
import string
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.vrp.formats.samples import CVRP, NATIVE, SOL, STOPS_CSV, TEXTS, VEHICLES_CSV, VROOM
from vrp.errors import VrpError
from vrp.formats import problem_from_dict, problem_to_dict, read, read_solution, read_text
from vrp.formats.differences import differences

JUNK = (
    *("nan", "inf", "-1", "1e400", "-0", "0", "1e308", "1e-320", "99999999999999999999", "null", "true", "{}", "[]"),
    *('"x"', ":", "SECTION", "\n", "\0", "é", "-", "1_0", "٣", "1" * 5000, "EOF", "DIMENSION: 3\n", "[[[[", "NaN"),
    *("Infinity", ",", "#", " ", "\t", "1e100", "2.5", "-7", "1000000", "'", "\\", "\ud800"),
)
TOKEN = re.compile(r"[\w.+-]+")


def mutated(text: str, seed: int) -> str:
    """Return a text with one to three small changes: cut, filled with junk, truncated, a line doubled."""
    rng = np.random.default_rng(seed)
    for _ in range(int(rng.choice([1, 1, 1, 2, 3]))):
        start = int(rng.integers(len(text) + 1))
        end = min(len(text), start + int(rng.choice([1, 2, 5, 20, 200])))
        junk = JUNK[int(rng.integers(len(JUNK)))]
        change = int(rng.integers(8))
        if change == 0:
            text = text[:start] + text[end:]
        elif change == 1:
            text = text[:start] + junk + text[start:]
        elif change == 2:
            text = text[:start]
        elif change == 3:
            lines = text.split("\n")
            lines.insert(int(rng.integers(len(lines))), lines[int(rng.integers(len(lines)))])
            text = "\n".join(lines)
        elif tokens := list(TOKEN.finditer(text)):
            token = tokens[int(rng.integers(len(tokens)))]
            text = text[: token.start()] + junk + text[token.end() :]
    return text


def read_or_refuse(text: str) -> None:
    """Read a text; where it is a problem, it must survive our own JSON."""
    try:
        problem = read_text(text)
    except VrpError as error:
        assert str(error)
        return
    again = problem_from_dict(json.loads(json.dumps(problem_to_dict(problem), allow_nan=False)))
    assert differences(problem, again) == []


@settings(max_examples=1500)
@given(name=st.sampled_from(sorted(TEXTS)), seed=st.integers(0, 2**32))
def test_mutated_files(name: str, seed: int) -> None:
    """A file with a few wrong characters is read or refused with one of our errors."""
    read_or_refuse(mutated(TEXTS[name], seed))


@settings(max_examples=300)
@given(name=st.sampled_from(sorted(TEXTS)), part=st.floats(0, 1))
def test_truncated_files(name: str, part: float) -> None:
    """A file that ends too early is read or refused with one of our errors."""
    read_or_refuse(TEXTS[name][: math.ceil(part * len(TEXTS[name]))])


@settings(max_examples=300)
@given(content=st.binary(max_size=200))
def test_random_bytes(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Random bytes are no problem."""
    path = tmp_path_factory.getbasetemp() / "random"
    path.write_bytes(content)
    with pytest.raises(VrpError):
        read(path)


@settings(max_examples=300)
@given(
    text=st.text(alphabet=string.printable, max_size=300), head=st.sampled_from(["", "{", "[", "NAME: a\n", "25 2 1\n"])
)
def test_random_text(text: str, head: str) -> None:
    """Random text, also behind a beginning that looks like a format, is refused with one of our errors."""
    read_or_refuse(head + text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=500)
@given(base=st.sampled_from([NATIVE, VROOM]), value=JSON, seed=st.integers(0, 2**32))
def test_any_value_anywhere(base: str, value: object, seed: int) -> None:
    """Any JSON value in place of any other is read or refused with one of our errors."""
    rng = np.random.default_rng(seed)
    at = data = json.loads(base)
    while True:
        key = list(at)[int(rng.integers(len(at)))] if isinstance(at, dict) else int(rng.integers(len(at)))
        inner = at[key]
        if not isinstance(inner, (dict, list)) or not inner or rng.random() < 0.3:
            at[key] = value
            break
        at = inner
    read_or_refuse(json.dumps(data))


@settings(max_examples=500)
@given(seed=st.integers(0, 2**32))
def test_mutated_plans(seed: int) -> None:
    """A plan with a few wrong characters is read or refused with one of our errors."""
    problem = read_text(CVRP)
    plan = json.dumps(read_solution(io.StringIO(SOL), problem).to_dict())
    for text in (SOL, plan):
        try:
            read_solution(io.StringIO(mutated(text, seed)), problem)
        except VrpError as error:
            assert str(error)


@settings(max_examples=300)
@given(seed=st.integers(0, 2**32))
def test_mutated_tables(seed: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Tables with a few wrong characters are read or refused with one of our errors."""
    folder = tmp_path_factory.getbasetemp() / "tables"
    folder.mkdir(exist_ok=True)
    for name, text in (("stops.csv", STOPS_CSV), ("vehicles.csv", VEHICLES_CSV)):
        (folder / name).write_text(mutated(text, seed), encoding="utf-8", errors="surrogatepass")
    for path in (folder, folder / "stops.csv"):
        try:
            read(path)
        except VrpError as error:
            assert str(error)


def test_file_names_are_harmless(tmp_path: Path) -> None:
    """Odd names of files are errors of ours, too."""
    for name in ("a\0b", "x" * 5000, "\ud800"):
        with pytest.raises(VrpError):
            read(tmp_path / name)
        with pytest.raises(VrpError):
            read(name)
