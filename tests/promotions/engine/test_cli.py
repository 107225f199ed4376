"""`laxin price` from files and streams."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from promotions.engine.cli import explain_main, main

from tests.promotions.engine.builders import facts, percent


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def write_file(name: str, content: Any) -> str:
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return str(path)

    return write_file


def run(*argv: str) -> int:
    return main([*argv])


def test_one_cart_prints_its_quote_with_what_was_skipped(write: Any, capsys: pytest.CaptureFixture[str]) -> None:
    promotions = write("p.json", [percent("满减", 1000), percent("b", 500)])

    assert run("--promotions", promotions, "--facts", write("f.json", facts("A @1000"))) == 0

    out = json.loads(capsys.readouterr().out)
    assert out["total"] == 900
    assert out["applied"] == [{"promotion": "满减", "amount": 100, "times": 1, "cut": {}}]
    assert out["skipped"] == [{"promotion": "b", "reason": "OUTBID"}]


def test_a_policy_is_used(write: Any, capsys: pytest.CaptureFixture[str]) -> None:
    policy = write("policy.json", {"max_total_discount_bp": 100})

    run(
        "--promotions",
        write("p.json", [percent("a", 1000)]),
        "--facts",
        write("f.json", facts("A @1000")),
        "--policy",
        policy,
    )

    assert json.loads(capsys.readouterr().out)["discount"] == 10


def test_ndjson_prints_one_quote_a_line(write: Any, capsys: pytest.CaptureFixture[str]) -> None:
    carts = "".join(json.dumps(facts(f"A @{price}")) + "\n" for price in (1000, 2000))

    assert run("--promotions", write("p.json", [percent("a", 1000)]), "--facts", write("f.ndjson", carts)) == 0

    assert [json.loads(line)["total"] for line in capsys.readouterr().out.splitlines()] == [900, 1800]


def test_a_dash_reads_standard_input(
    write: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    content = json.dumps(facts("A @1000")).encode() + b"\n\n" + json.dumps(facts("A @3000")).encode()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))

    assert run("--promotions", write("p.json", [percent("a", 1000)]), "--facts", "-") == 0

    assert [json.loads(line)["total"] for line in capsys.readouterr().out.splitlines()] == [900, 2700]


def test_faults_of_ndjson_name_their_row_and_good_rows_are_priced(
    write: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [json.dumps(facts("A @1000")), "{", json.dumps(facts("A @1000", shipping=-1, channel="x"))]

    code = run("--promotions", write("p.json", []), "--facts", write("f.ndjson", "\n".join(rows)))

    captured = capsys.readouterr()
    assert code == 2
    assert [json.loads(line)["total"] for line in captured.out.splitlines()] == [1000]
    assert [(fault["row"], fault["path"], fault["code"]) for fault in json.loads(captured.err)] == [
        (2, "/facts", "FORMAT"),
        (3, "/facts/channel", "VALUE"),
        (3, "/facts/shipping", "RANGE"),
    ]


def test_faults_of_all_files_come_together(write: Any, capsys: pytest.CaptureFixture[str]) -> None:
    code = run(
        "--promotions", write("p.json", [percent("a", 0)]),
        "--facts", write("f.json", facts("A @1000", shipping="free")),
        "--policy", write("policy.json", {"exclusive": 1}),
    )  # fmt: skip

    captured = capsys.readouterr()
    assert code == 2
    assert captured.out == ""
    assert [(fault["path"], fault["code"]) for fault in json.loads(captured.err)] == [
        ("/promotions/0/then/0/percent_bp", "RANGE"),
        ("/policy/exclusive", "TYPE"),
        ("/facts/shipping", "TYPE"),
    ]
    assert all(set(fault) == {"path", "code", "message"} for fault in json.loads(captured.err))


def test_one_quote_is_indented_and_those_of_a_stream_are_not(write: Any, capsys: pytest.CaptureFixture[str]) -> None:
    cart = facts("A @1000")

    run("--promotions", write("p.json", []), "--facts", write("f.json", cart))
    alone = capsys.readouterr().out
    run("--promotions", write("p.json", []), "--facts", write("f.ndjson", json.dumps(cart)))
    in_stream = capsys.readouterr().out

    assert json.loads(alone) == json.loads(in_stream)
    assert alone == json.dumps(json.loads(alone), indent=2) + "\n"
    assert in_stream == json.dumps(json.loads(alone)) + "\n"


def test_strict_refuses_what_can_never_have_an_effect(write: Any, capsys: pytest.CaptureFixture[str]) -> None:
    never = percent("a", 1000, when={"fact": "quantity", "op": "lt", "value": 0})
    files = ("--promotions", write("p.json", [never]), "--facts", write("f.json", facts("A @1000")))

    assert run(*files) == 0
    assert json.loads(capsys.readouterr().out)["total"] == 1000
    assert run(*files, "--strict") == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert (
        captured.err
        == json.dumps(
            [
                {
                    "path": "/promotions/0/when",
                    "code": "CONFLICT",
                    "message": "can never hold: its parts contradict each other",
                }
            ],
            indent=2,
        )
        + "\n"
    )


def test_faults_of_every_row_come_though_no_promotion_can_be_used(
    write: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [facts("A @1000", shipping=-1), facts("A @1000"), facts("A @1000", channel="x")]

    code = run(
        "--promotions", write("p.json", [percent("a", 0)]),
        "--facts", write("f.ndjson", "\n".join(map(json.dumps, rows))),
    )  # fmt: skip

    captured = capsys.readouterr()
    assert (code, captured.out) == (2, "")
    assert [(fault.get("row"), fault["path"]) for fault in json.loads(captured.err)] == [
        (None, "/promotions/0/then/0/percent_bp"),
        (1, "/facts/shipping"),
        (3, "/facts/channel"),
    ]


def test_without_the_promotions_nothing_is_priced(write: Any, capsys: pytest.CaptureFixture[str]) -> None:
    code = run("--promotions", write("p.json", "nothing"), "--facts", write("f.json", facts("A @1000")))

    captured = capsys.readouterr()
    assert (code, captured.out) == (2, "")
    assert json.loads(captured.err) == [
        {
            "path": "/promotions",
            "code": "FORMAT",
            "message": "is not JSON: Expecting value: line 1 column 1 (char 0)",
        }
    ]


def test_what_a_terminal_cannot_show_is_written_as_an_escape(write: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(shown, encoding="ascii", write_through=True))

    assert explain_main(["--promotions", write("p.json", []), "--facts", write("f.json", facts("A @1000"))]) == 0

    assert shown.getvalue().decode("ascii").startswith("\\u5408\\u8ba1 \\xa510.00")


def test_a_stream_without_an_encoding_of_its_own_takes_any_text(write: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.StringIO()
    monkeypatch.setattr("sys.stdout", shown)

    assert explain_main(["--promotions", write("p.json", []), "--facts", write("f.json", facts("A @1000"))]) == 0

    assert shown.getvalue().startswith("合计 ¥10.00")


@pytest.mark.parametrize("name", ["none.json", "none.ndjson"])
def test_a_file_that_is_not_there_is_named(
    name: str, write: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--promotions", write("p.json", []), "--facts", str(tmp_path / name)) == 2

    assert json.loads(capsys.readouterr().err) == [
        {
            "path": "/facts",
            "code": "FORMAT",
            "message": f"cannot read {tmp_path / name}: No such file or directory",
        }
    ]


PRICE_HELP = (
    "usage: laxin price [-h] --promotions P.json --facts F.json [--policy POLICY.json] [--strict]"
    " Price carts with promotions, and say why."
    " options: -h, --help show this help message and exit"
    " --promotions P.json a JSON list of promotions"
    " --facts F.json the facts of a cart; .ndjson or - for one cart a line"
    " --policy POLICY.json the policy; without it the default one"
    " --strict refuse also promotions that can never have an effect"
)
EXPLAIN_HELP = (
    "usage: laxin explain [-h] --promotions P.json --facts F.json [--policy POLICY.json] [--strict]"
    " [--language {zh-Hans,en}]"
    " Price carts, and say in words what applied, what did not, and what is missing."
    + PRICE_HELP[PRICE_HELP.index(" options:") :]
    + " --language {zh-Hans,en} of the text (default zh-Hans)"
)


@pytest.mark.parametrize(("command", "text"), [(main, PRICE_HELP), (explain_main, EXPLAIN_HELP)])
def test_help_says_what_each_option_is_for(command: Any, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        command(["--help"])

    assert caught.value.code == 0
    assert " ".join(capsys.readouterr().out.split()) == text


@pytest.mark.parametrize(
    ("given", "missing"),
    [([], "--promotions, --facts"), (["--facts", "f.json"], "--promotions"), (["--promotions", "p.json"], "--facts")],
)
def test_promotions_and_facts_are_needed(given: list[str], missing: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(given)

    assert caught.value.code == 2
    assert capsys.readouterr().err.endswith(f"the following arguments are required: {missing}\n")


@pytest.mark.parametrize("content", ["", "[", '{"a": 1', "[" * 200_000, "\udcff", '{"currency": ' + "9" * 5000 + "}"])
def test_what_is_not_json_is_a_fault(
    content: str, write: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "f.json"
    path.write_bytes(content.encode("utf-8", "surrogateescape"))

    assert run("--promotions", write("p.json", []), "--facts", str(path)) == 2

    assert [fault["code"] for fault in json.loads(capsys.readouterr().err)] == ["FORMAT"]


def test_a_missing_file_is_a_fault(write: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = str(tmp_path / "none.json")

    assert run("--promotions", missing, "--facts", missing, "--policy", missing) == 2

    faults = json.loads(capsys.readouterr().err)
    assert [fault["path"] for fault in faults] == ["/promotions", "/policy", "/facts"]
    assert all("none.json" in fault["message"] for fault in faults)


def test_the_command_needs_no_django(write: Any) -> None:
    import subprocess
    import sys

    platform = Path(__file__).parents[3] / "platform"
    program = (
        f"import sys; sys.path.insert(0, {str(platform)!r})\n"
        "from promotions.engine.cli import main\n"
        "code = main(sys.argv[1:])\n"
        "assert not any(name.split('.')[0] in ('django', 'orjson', 'config') for name in sys.modules)\n"
        "sys.exit(code)\n"
    )
    promotions, cart = write("p.json", []), write("f.json", facts("A @1"))

    done = subprocess.run(
        [sys.executable, "-S", "-c", program, "--promotions", promotions, "--facts", cart],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["total"] == 1
