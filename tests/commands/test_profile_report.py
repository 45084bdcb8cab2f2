"""What `drift-sidecar profile` makes of columns that are not what they seem, and what it says of them."""

from __future__ import annotations

import csv
import io
import json
import shlex
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from harness.secrets_planted import HARMLESS, HARMLESS_NAMES, NAMES, NUMBERS, TEXTS
from sidecar import cli
from sidecar.commands.profile_report import nothing_left, print_report, refused
from sidecar.core.binning.bins import Feature, Kind, ranges, rare_key
from sidecar.core.reference.builder import Recount
from sidecar.core.reference.profile import SideProfile
from sidecar.core.reference.suspicions import ColumnReport, Finding
from sidecar.core.words.frame import Frame, Side
from sidecar.reference_store import read_reference

ROWS = 600
RNG = np.random.default_rng(13)
START = datetime(2026, 1, 1, tzinfo=UTC)


def column(make: Callable[[int], Any]) -> list[str]:
    return [str(make(at)) for at in range(ROWS)]


def number() -> float:
    return round(float(RNG.lognormal(8, 1)), 2)


def whole() -> int:
    return int(RNG.integers(1_000, 900_000))


def german(value: float) -> str:
    return f"{value:,.2f}".translate(str.maketrans(",.", ".,"))


def moment() -> datetime:
    return START + timedelta(minutes=int(RNG.integers(0, 60 * 24 * 90)))


def written(path: Path, **columns: list[str]) -> str:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return str(path)


class Made:
    """What one call of `profile` made and said."""

    def __init__(self, data: str, folder: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> None:
        self.path = folder / "reference.json"
        assert cli.main(["profile", data, "-o", str(self.path), "--json", *arguments]) == 0
        self.report = {one["name"]: one for one in json.loads(capsys.readouterr().out)["columns"]}
        self.side = read_reference(str(self.path)).sides[Side.INPUT]

    def kind(self, name: str) -> Kind:
        return next(one.kind for one in self.side.features if one.name == name)

    def found(self, name: str) -> list[str]:
        one = self.report[name]
        return [*([one["left_out"]["what"]] if one["left_out"] else []), *(each["what"] for each in one["suspicions"])]

    def option(self, name: str) -> str:
        one = self.report[name]
        return str((one["left_out"] or one["suspicions"][0])["option"])


def feature(side: SideProfile, name: str) -> Feature:
    return next(one for one in side.features if one.name == name)


def counts(side: SideProfile, name: str) -> dict[str, int]:
    """Rows by range, without empty bins."""
    rows = side.counts[side.names.index(name)].tolist()
    return {text: count for text, count in zip(ranges(feature(side, name)), rows, strict=False) if count}


@pytest.fixture
def made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Made]:
    def make(*arguments: str, **columns: list[str]) -> Made:
        data = written(tmp_path / "data.csv", **columns, other=column(lambda at: number()))
        return Made(data, tmp_path, capsys, *arguments)

    return make


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda at: at, "identifier"),
        (lambda at: ROWS - at, "identifier"),
        (lambda at: 1_000_000 + 7 * at, "identifier"),
        (lambda at: (at * 7) % ROWS, "identifier"),
        (lambda at: 10**17 + int(RNG.integers(0, 10**17)), "identifier"),
        (lambda at: uuid.UUID(bytes=RNG.bytes(16)), "identifier"),
        (lambda at: uuid.UUID(bytes=RNG.bytes(16)).hex, "identifier"),
        (lambda at: RNG.bytes(20).hex(), "identifier"),
        (lambda at: "01ARZ3NDEK" + "".join(RNG.choice(list("0123456789ABCDEFGHJKMNPQRSTVWXYZ"), 16)), "identifier"),
        (lambda at: f"user{at % 90}@example.org", "identifier"),
        (lambda at: f"https://example.org/{at}?q={whole()}", "identifier"),
        (lambda at: f"+49151{whole():07}", "identifier"),
        (lambda at: f"C{at:06}", "identifier"),
        (lambda at: f"{at:07}", "identifier"),
        (lambda at: f"Ann{'abcdefghij'[at % 10]} Smith{'abcdefghij'[at // 10 % 10]}{'abcdef'[at // 100]}", "identifier"),
    ],
    ids=["counter", "down", "gaps", "shuffled", "digits", "uuid", "uuid hex", "hash", "ulid", "e-mail", "url", "telephone",
         "customer", "padded", "persons"],
)  # fmt: skip
def test_what_identifies_rows_is_left_out_and_the_option_takes_it_in(
    make: Callable[[int], Any], what: str, made: Callable[..., Made], tmp_path: Path
) -> None:
    values = column(make)
    left_out = made(c=values)

    assert left_out.found("c") == [what]
    assert left_out.option("c") == "--include c"
    assert [one.name for one in left_out.side.left_out] == ["c"]
    assert "c" not in left_out.side.names
    written = left_out.path.read_text()
    assert not any(value in written for value in values if not value.isdecimal())
    assert "c" in made("--include", "c", c=values).side.names


@pytest.mark.slow
@pytest.mark.parametrize(
    "make",
    [
        lambda at: number(),
        lambda at: at % 2,
        lambda at: at % 2 == 0,
        lambda at: "ab"[at % 2],
        lambda at: (START + timedelta(minutes=int(RNG.integers(0, 10**6)))).date(),
        lambda at: f"Ann lives in the {RNG.integers(0, 10**6)}th house of the street",
    ],
    ids=["number", "spikes", "boolean", "category", "date", "prose"],
)
def test_what_is_called_as_a_secret_is_left_out_whatever_it_holds(
    make: Callable[[int], Any], made: Callable[..., Made]
) -> None:
    values = dict.fromkeys(NAMES, column(make))
    left_out = made(**values)

    assert left_out.side.names == ("other",)
    assert {one.name for one in left_out.side.left_out} == {*NAMES}
    assert {tuple(left_out.found(name)) for name in NAMES} <= {("look_alike",), ("look_alike", "constant")}
    included = made("--include", "zq_password", **values).side
    assert {name.partition(".")[0] for name in included.names} == {"zq_password", "other"}


@pytest.mark.parametrize("number", NUMBERS)
def test_numbers_of_cards_and_people_are_left_out_however_few_rows_there_are(
    number: str, made: Callable[..., Made], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    often = [number if at % 2 else str(int(number) - 7 * at) for at in range(ROWS)]
    left_out = made(c=often)
    few = Made(written(tmp_path / "few.csv", c=often[:30], other=["1.5"] * 30), tmp_path, capsys)

    for one in (left_out, few):
        assert one.found("c") == ["look_alike"]
        assert one.option("c") == "--include c"
        assert number not in one.path.read_text()
    assert "c" in made("--include", "c", c=often).side.names
    assert "c" in made("--kind", "c=numeric", c=often).side.names


@pytest.mark.parametrize("secret", TEXTS.values(), ids=TEXTS)
def test_a_frequent_name_that_looks_like_a_secret_is_counted_and_not_kept(
    secret: str, made: Callable[..., Made]
) -> None:
    values = column(lambda at: secret if at % 3 else "red")
    kept = made(c=values)

    assert "look_alike" in kept.found("c")
    assert kept.option("c") == "--include c"
    assert feature(kept.side, "c").categories == ("red",)
    assert counts(kept.side, "c") == {"red": 200, "other": 400}
    assert secret not in kept.path.read_text()
    assert secret not in json.dumps(kept.report)
    for said in (("--include", "c"), ("--kind", "c=categorical")):
        assert set(feature(made(*said, c=values).side, "c").categories) == {secret, "red"}


def test_names_that_are_harmless_are_kept(made: Callable[..., Made]) -> None:
    texts = column(lambda at: HARMLESS[at % len(HARMLESS)])
    kept = made(c=texts, **dict.fromkeys(HARMLESS_NAMES, column(lambda at: number())))

    assert set(feature(kept.side, "c").categories) == {*HARMLESS}
    assert not kept.side.left_out
    assert "look_alike" not in {what for name in kept.report for what in kept.found(name)}


def test_rare_names_cannot_be_tried_without_the_key_which_is_another_in_each_profile(made: Callable[..., Made]) -> None:
    cities = [f"town {at}" for at in range(40)]
    values = column(lambda at: "Bern" if at % 2 else cities[at // 2 % 40])
    first, second = (feature(made(c=values).side, "c") for _ in range(2))

    for one in (first, second):
        assert set(one.rare) == {rare_key("c", city, one.rare_secret) for city in cities}
        assert not set(one.rare) & {rare_key("c", city) for city in cities}
    assert first.rare_secret != second.rare_secret
    assert len(first.rare) == len(second.rare) == 40
    assert not feature(made(c=column(lambda at: "ab"[at % 2])).side, "c").rare_secret


def test_outputs_are_kept_whatever_they_are_called(made: Callable[..., Made], tmp_path: Path) -> None:
    kept = made("--outputs", "email", email=column(lambda at: at % 2))

    assert read_reference(str(kept.path)).sides[Side.OUTPUT].names == ("email",)


@pytest.mark.parametrize(
    "make",
    [
        lambda at: RNG.normal(),
        lambda at: 0.5 * at,
        lambda at: number(),
        lambda at: whole(),
        lambda at: int(RNG.integers(0, 80)),
        lambda at: at % 50,
    ],
    ids=["float", "rising float", "price", "amount", "age", "cycle"],
)
def test_numbers_that_are_nearly_all_different_stay_numbers(
    make: Callable[[int], Any], made: Callable[..., Made]
) -> None:
    found = made(c=column(make))

    assert found.found("c") == []
    assert found.kind("c") is Kind.NUMERIC


@pytest.mark.parametrize("name", ["customer_id", "customerId", "id", "order_key", "ID"])
def test_whole_numbers_that_are_called_an_identifier_are_one_if_nearly_all_differ(
    name: str, made: Callable[..., Made]
) -> None:
    assert made(**{name: column(lambda at: whole())}).found(name) == ["identifier"]
    assert made(**{name: column(lambda at: at % 9)}).found(name) == []


@pytest.mark.parametrize(
    ("make", "option", "example", "value"),
    [
        (lambda: f"{whole():,}", "--thousands c=,", "12,345", 12_345),
        (lambda: german(number()), "--decimal c=, --thousands c=.", "12.345,50", 12_345.5),
        (lambda: f"{number():.2f}".replace(".", ","), "--decimal c=,", "27,01", 27.01),
        (lambda: f"{whole():,}".replace(",", " "), "--thousands 'c= '", "12 345", 12_345),
        (lambda: f"{whole():,}".replace(",", "\u00a0"), "--thousands 'c= '", "12\u00a0345", 12_345),
        (lambda: f"{number():,.2f}".replace(",", "'"), "--thousands 'c='\"'\"''", "1'234.50", 1234.5),
        (lambda: f"{number() / 1e4:.4f}%", "--kind c=numeric", "12.3%", 12.3),
        (lambda: f"${number():.2f}", "--kind c=numeric", "$5.10", 5.1),
        (lambda: f"{german(number())} €", "--decimal c=, --thousands c=. --kind c=numeric", "1.234,50 €", 1234.5),
        (lambda: f"({whole():,})", "--thousands c=, --kind c=numeric", "(1,234)", -1234),
    ],
    ids=["thousands", "german", "comma", "space", "no-break", "apostrophe", "percent", "dollar", "euro", "accounting"],
)  # fmt: skip
def test_local_numbers_are_said_and_read_by_the_option_that_is_said_in_file_and_message(
    make: Callable[[], str], option: str, example: str, value: float, made: Callable[..., Made], tmp_path: Path
) -> None:
    values = [make() for _ in range(ROWS)]
    silent = made(c=values)
    assert silent.found("c") == ["number_like"]
    assert silent.option("c") == option
    assert cli.main(["profile", str(tmp_path / "data.csv"), "-o", str(tmp_path / "x.json"), "--strict"]) == 2

    read = made(*shlex.split(option), c=values)
    assert read.kind("c") is Kind.NUMERIC
    assert read.found("c") == []
    codes = []
    for live in (example, value):
        recount = Recount(read_reference(str(read.path)))
        recount.add(Frame(Side.INPUT, ("c",), 1, 1, [live]))
        at = read.side.names.index("c")
        codes.append(recount.profile().sides[Side.INPUT].counts[at].tolist())
    assert codes[0] == codes[1]


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: moment().isoformat(), ""),
        (lambda: moment().strftime("%Y-%m-%d %H:%M:%S"), ""),
        (lambda: moment().strftime("%a, %d %b %Y %H:%M:%S GMT"), ""),
        (lambda: moment().strftime("%d/%m/%Y %H:%M"), ""),
        (lambda: moment().strftime("%m/%d/%y %I:%M %p"), ""),
        (lambda: moment().replace(day=int(RNG.integers(1, 12))).strftime("%d/%m/%Y"), "ambiguous_dates"),
    ],
    ids=["iso", "pandas", "rfc 2822", "european", "american", "either"],
)  # fmt: skip
def test_times_are_watched_by_hour_and_weekday(make: Callable[[], str], reason: str, made: Callable[..., Made]) -> None:
    found = made(c=[make() for _ in range(ROWS)])

    assert {"c.hour", "c.weekday"} <= set(found.side.names)
    assert "c.age" not in found.side.names
    assert found.report["c"]["kind"] == "time"
    assert found.found("c") == ([reason] if reason else [])
    assert not reason or found.option("c") == "--kind c=time:dmy"


@pytest.mark.parametrize(("unit", "factor"), [("s", 1), ("ms", 1e3), ("us", 1e6), ("ns", 1e9)])
def test_numbers_since_1970_are_times_where_that_was_said_and_suspicious_where_not(
    unit: str, factor: float, made: Callable[..., Made]
) -> None:
    values = [str(int(moment().timestamp() * factor)) for _ in range(ROWS)]
    said = made("--kind", f"c=time:{unit}", c=values)
    hours = said.side.counts[said.side.names.index("c.hour")]
    assert int(hours.sum()) == ROWS
    assert hours[said.side.features[said.side.names.index("c.hour")].missing] == 0

    if unit != "ns":  # which are beyond what a float keeps, so that they are taken for identifiers
        assert made(c=values).option("c") == f"--kind c=time:{unit}"


def test_the_clock_of_a_log_is_left_out(made: Callable[..., Made]) -> None:
    found = made(at=column(lambda at: (START + timedelta(minutes=37 * at)).isoformat()))

    assert found.found("at") == ["clock"]
    assert (
        "at.hour"
        in made("--include", "at", at=column(lambda at: (START + timedelta(minutes=37 * at)).isoformat())).side.names
    )


@pytest.mark.parametrize(
    ("values", "what"),
    [
        (["x"] * ROWS, "constant"),
        (["5"] * ROWS, "constant"),
        ([""] * ROWS, "empty"),
        ([*map(str, range(3))] * 50 + [""] * 450, "mostly_missing"),
        ([f"{at / 7:.3f}" for at in range(ROWS - 5)] + ["error"] * 5, "mixed_types"),
    ],
)
def test_what_is_suspicious_is_said_with_the_option_that_changes_it(
    values: list[str], what: str, made: Callable[..., Made], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = made(c=values)

    assert found.found("c") == [what]
    assert cli.main(["profile", str(tmp_path / "data.csv"), "-o", str(tmp_path / "strict.json"), "--strict"]) == 2
    assert f"column 'c': {found.report['c']['suspicions'][0]['text']}" in capsys.readouterr().err
    assert not (tmp_path / "strict.json").exists()


def test_texts_that_are_missing_only_here_are_named_by_null(made: Callable[..., Made]) -> None:
    values = [*(f"{at / 7:.3f}" for at in range(500)), *["n.d."] * 100]

    assert made(c=values).kind("c") is Kind.CATEGORICAL
    read = made("--null", "n.d.,k.A.", c=values)
    assert read.kind("c") is Kind.NUMERIC
    assert read.side.counts[0, read.side.features[0].missing] == 100


def test_names_of_few_rows_are_not_written_down_however_few_names_there_are(
    made: Callable[..., Made], tmp_path: Path
) -> None:
    values = ["common"] * 300 + ["usual"] * 281 + ["Mr Rare"] * 19

    kept = made(c=values)
    assert kept.side.features[0].categories == ("common", "usual")
    assert "Mr Rare" not in kept.path.read_text()
    assert kept.side.counts[0, kept.side.features[0].other] == 19
    assert "Mr Rare" in made("--min-category-rows", "10", c=values).path.read_text()


def test_two_classes_in_a_hundred_rows_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = Made(written(tmp_path / "small.csv", c=["yes"] * 30 + ["no"] * 70), tmp_path, capsys)

    assert set(found.side.features[0].categories) == {"yes", "no"}


def test_an_index_is_left_out_of_csv_and_of_parquet_whether_pandas_noted_it_or_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    values = [number() for _ in range(ROWS)]
    (tmp_path / "a.csv").write_text(",x\n" + "".join(f"{at % 7},{value}\n" for at, value in enumerate(values)))
    found = Made(str(tmp_path / "a.csv"), tmp_path, capsys)
    assert found.found("Unnamed: 0") == ["index"]

    table = pa.table(
        {"x": values, "__index_level_0__": [at % 7 for at in range(ROWS)], "row": [at % 5 for at in range(ROWS)]}
    )
    noted = json.dumps({"index_columns": ["row"], "columns": []}).encode()
    for metadata, index in ((None, {"__index_level_0__"}), ({b"pandas": noted}, {"__index_level_0__", "row"})):
        pq.write_table(table.replace_schema_metadata(metadata), tmp_path / "a.parquet")
        found = Made(str(tmp_path / "a.parquet"), tmp_path, capsys)
        assert {one.name for one in found.side.left_out} == index


OUT = ColumnReport("input", "key", "numeric", 60, 0, 60, Finding("identifier", "counts the rows", "--include key"))
ODD = ColumnReport("input", "[x]", "numeric", 60, 59, 1, None, (Finding("constant", "is always 1"),))


def test_what_was_left_out_stands_before_what_is_suspicious_and_few_rows_are_said() -> None:
    printed = io.StringIO()
    print_report([ODD, OUT], Console(file=printed, width=80))

    assert printed.getvalue().splitlines() == [
        "", "left out:", "  key: counts the rows  [--include key]", "", "suspicious:", "  [x]: is always 1", "",
        "60 rows are few: verdicts against this reference will need a large change.",
    ]  # fmt: skip


def test_the_error_of_strict_is_about_the_finding_and_there_is_none_without_one() -> None:
    assert "counts the rows" in str(refused(OUT))
    assert "is always 1" in str(refused(ODD))
    assert "--include key" in str(nothing_left(["a.csv"], [OUT, ODD]))
    with pytest.raises(ValueError, match="'well' is not suspicious"):
        refused(ColumnReport("input", "well", "numeric", 60, 0, 60))


@pytest.mark.slow  # 200,000 rows
def test_a_column_that_shows_late_that_it_holds_codes_is_counted_as_it_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    codes = [f"{code:05}" for code in range(99_999, 1, -1)]  # 90,000 of them show no leading zero
    data = written(tmp_path / "codes.csv", code=codes * 2, x=[str(number()) for _ in range(2 * len(codes))])
    found = Made(data, tmp_path, capsys, "--include", "code")

    assert found.kind("code") is Kind.CATEGORICAL
    assert found.side.rows.tolist() == [2 * len(codes)] * 2


def test_a_finished_profile_tells_what_can_be_known_from_it(
    made: Callable[..., Made], capsys: pytest.CaptureFixture[str]
) -> None:
    found = made(c=["x"] * ROWS, key=column(lambda at: at), gap=["1", *[""] * (ROWS - 1)])

    assert cli.main(["check", "--reference", str(found.path), "--json"]) == 0

    findings = json.loads(capsys.readouterr().out)["findings"]["reference"]
    said = {one["name"]: [each["what"] for each in one["suspicions"]] for one in findings}
    assert "constant" in said["c"]
    assert "mostly_missing" in said["gap"]
    assert next(one for one in findings if one["name"] == "key")["left_out"]["option"] == "--include key"
