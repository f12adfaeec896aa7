"""`request …`: file, follow, plan and decide over HTTP."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from provisioner.commands import showing, watching
from provisioner.commands.client import Answered, Client
from provisioner.commands.output import FAILED, AsJson, agreed, print_json, tell
from provisioner.errors import FieldError, Invalid
from provisioner.texts import Message, say

request_app = typer.Typer(help="Requests of departments.", no_args_is_help=True)

Number = Annotated[str, typer.Argument(metavar="NUMBER", help="Such as VPS-2026-0001.")]
Why = Annotated[str, typer.Option("--reason", help="Read by the applicant.")]


@request_app.command("new")
def new(
    service: Annotated[str, typer.Option(help="Of the catalogue.")] = "cloud_vps",
    department: Annotated[str | None, typer.Option(help="Short name of the OPD.")] = None,
    applicant: Annotated[
        str | None, typer.Option(help="YAML file with name, position, phone, email; - is stdin.")
    ] = None,
    details: Annotated[
        str | None, typer.Option(help="YAML file with the service's answers; - is stdin.")
    ] = None,
    letter: Annotated[
        Path | None, typer.Option(help="The letter: PDF, JPEG or PNG.", exists=True, dir_okay=False)
    ] = None,
    letter_kind: Annotated[str, typer.Option(help="signed or srikandi.")] = "signed",
    letter_number: Annotated[str | None, typer.Option(help="As on the letter.")] = None,
    letter_date: Annotated[str | None, typer.Option(help="YYYY-MM-DD.")] = None,
    signatory: Annotated[str | None, typer.Option(help="Name of who signed.")] = None,
    signatory_position: Annotated[str | None, typer.Option(help="Such as 'Kepala Dinas'.")] = None,
    whole: Annotated[
        str | None, typer.Option("--from", help="YAML file of the whole request; options win.")
    ] = None,
    submit: Annotated[bool, typer.Option("--submit", help="Hand it in at once.")] = False,
    as_json: AsJson = False,
) -> None:
    """File a request, with its letter; it stays a draft until submitted.

    The service's answers are those of the form; times carry their zone, as in
    2026-11-25T08:00:00+07:00. A passphrase is best left out: a good one is made.
    Example: provisioner request new --department dinkes --applicant me.yml --details vps.yml
    --letter surat.pdf --letter-number 005/12 --letter-date 2026-11-20 --signatory "dr. Ani"
    --signatory-position "Kepala Dinas" --submit
    """
    body: dict[str, Any] = {"service": service} | (_yaml(whole, "--from") if whole else {})
    if department:
        body["department"] = department
    for key, source in (("applicant", applicant), ("details", details)):
        if source:
            body[key] = _yaml(source, f"--{key}")
    if letter_number or letter_date or signatory:
        body["letter"] = {
            "kind": letter_kind,
            "number": letter_number or "",
            "date": letter_date or "",
            "signatory": {"name": signatory or "", "position": signatory_position or ""},
        }
    client = Client()
    view = client.post("/requests", body)
    path = f"/requests/{view['number']}"
    if letter:
        client.post(f"{path}/letter", file=letter)
    if submit:
        client.post(f"{path}/submit")
    _show(client.get(path), as_json)


@request_app.command("show")
def show(number: Number, as_json: AsJson = False) -> None:
    """Show one request.

    Example: provisioner request show VPS-2026-0001
    """
    _show(Client().get(f"/requests/{number}"), as_json)


@request_app.command("list")
def find(
    state: Annotated[str | None, typer.Option(help="Such as submitted.")] = None,
    service: Annotated[str | None, typer.Option(help="Such as cloud_vps.")] = None,
    department: Annotated[str | None, typer.Option(help="Short name of the OPD.")] = None,
    text: Annotated[str | None, typer.Option("--search", "-q", help="Words to look for.")] = None,
    cursor: Annotated[str | None, typer.Option(help="Where the last list ended.")] = None,
    as_json: AsJson = False,
) -> None:
    """List requests, newest first.

    Example: provisioner request list --state submitted
    """
    page = Client().get(
        "/requests", state=state, service=service, department=department, q=text, cursor=cursor
    )
    if as_json:
        print_json(page)
        return
    showing.requests(page["items"])
    if page.get("next"):
        tell(say("More: --cursor %(cursor)s", cursor=page["next"]))


@request_app.command("submit")
def submit(number: Number, as_json: AsJson = False) -> None:
    """Hand a complete draft in; its deadline begins.

    Example: provisioner request submit VPS-2026-0001
    """
    _show(Client().post(f"/requests/{number}/submit"), as_json)


@request_app.command("plan")
def plan(number: Number, as_json: AsJson = False) -> None:
    """Make a plan and show what would be done; nothing is changed, what it chose is held.

    Example: provisioner request plan VPS-2026-0001
    """
    view = Client().post(f"/requests/{number}/plan")
    if as_json:
        print_json(view)
    else:
        showing.plan(view)


@request_app.command("approve")
def approve(
    number: Number,
    digest: Annotated[
        str | None, typer.Option(help="Approve exactly the plan of this digest.")
    ] = None,
    comment: Annotated[str | None, typer.Option(help="Kept with the approval.")] = None,
    override_reason: Annotated[
        str | None, typer.Option(help="Why, where the rule of four eyes is set aside.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show the current plan, ask, and approve it, which sets the work off.

    Example: provisioner request approve VPS-2026-0001
    """
    client = Client()
    view = client.get(f"/requests/{number}/plan")
    if view is None and digest is None:
        raise Invalid(
            [],
            say(
                "%(number)s has no plan yet: `provisioner request plan %(number)s`.", number=number
            ),
        )
    if view and not as_json:
        showing.plan(view)
    if not yes and not agreed(say("Approve?")):
        raise typer.Exit(FAILED)
    body = {"digest": digest or view["digest"], "comment": comment}
    try:
        answer = client.post(
            f"/requests/{number}/approve", body | {"override_reason": override_reason}
        )
    except Answered as problem:
        showing.difference(problem.problem.get("difference") or {})
        raise
    if as_json:
        print_json(answer)
    else:
        tell(_approved(answer))


def _approved(answer: Mapping[str, Any]) -> Message:
    if answer["run"] is None:
        return say(
            "Approved by the first of two. An approver, the head or an administrator has to "
            "approve it too; nothing is done before."
        )
    return say("Approved. Run: %(run)s", run=answer["run"])


@request_app.command("return")
def send_back(number: Number, reason: Why, as_json: AsJson = False) -> None:
    """Return a request for more information; the deadline stands still meanwhile.

    Example: provisioner request return VPS-2026-0001 --reason "Stempel tidak terbaca"
    """
    _show(Client().post(f"/requests/{number}/return", {"reason": reason}), as_json)


@request_app.command("reject")
def reject(number: Number, reason: Why, as_json: AsJson = False) -> None:
    """Refuse a request for good.

    Example: provisioner request reject VPS-2026-0001 --reason "Bukan kewenangan Dinkominfo"
    """
    _show(Client().post(f"/requests/{number}/reject", {"reason": reason}), as_json)


@request_app.command("cancel")
def cancel(number: Number, reason: Why, as_json: AsJson = False) -> None:
    """Take a request back.

    Example: provisioner request cancel VPS-2026-0001 --reason "Tidak diperlukan lagi"
    """
    _show(Client().post(f"/requests/{number}/cancel", {"reason": reason}), as_json)


@request_app.command("report")
def report(number: Number) -> None:
    """Print what came of it, with the proof, as JSON.

    Example: provisioner request report VPS-2026-0001
    """
    print_json(Client().get(f"/requests/{number}/report"))


@request_app.command("watch")
def watch(number: Number, as_json: AsJson = False) -> None:
    """Follow a request live until it is done (0), has failed (1) or waits for a person (3).

    Example: provisioner request watch VPS-2026-0001 && echo done
    """
    raise typer.Exit(watching.watch(Client(), number, as_json))


def _show(view: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(view)
    else:
        showing.request(view)


def _yaml(source: str, option: str) -> dict[str, Any]:
    try:
        text = sys.stdin.read() if source == "-" else Path(source).read_text()
        data = yaml.safe_load(text)
    except OSError as error:
        why = say("cannot be read: %(why)s", why=error.strerror or "?")
        raise Invalid([FieldError(option, why)]) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        why = say("is not YAML: %(why)s", why=str(error).replace("\n", " "))
        raise Invalid([FieldError(option, why)]) from error
    if not isinstance(data, dict):
        raise Invalid([FieldError(option, say("has to hold names and values"))])
    return {str(key): _plain(value) for key, value in data.items()}


def _plain(value: Any) -> Any:
    """A date or a time in YAML is one in Python, but a text in JSON, at any depth."""
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value.isoformat() if isinstance(value, date) else value
