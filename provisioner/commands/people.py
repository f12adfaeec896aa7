"""`user`, `department` and `token`: accounts, kept on this machine."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from provisioner.commands.output import AsJson, complain, print_json, print_table, tell
from provisioner.database import Database
from provisioner.people.model import Role
from provisioner.people.service import PeopleService
from provisioner.settings import load_settings
from provisioner.texts import say

user_app = typer.Typer(help="Accounts.", no_args_is_help=True)
department_app = typer.Typer(help="Departments (OPD).", no_args_is_help=True)
token_app = typer.Typer(help="Tokens for programs.", no_args_is_help=True)

User = Annotated[str, typer.Argument(metavar="NAME", help="The user name.")]


def _people() -> PeopleService:
    return PeopleService(Database(load_settings().absolute_database_url))


def _password() -> str:
    """Typed twice at a terminal, else the first line of the standard input; never an argument."""
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    return sys.stdin.readline().rstrip("\r\n")


@user_app.command("add")
def user_add(
    username: User,
    role: Annotated[list[Role], typer.Option(help="May be given several times.")],
    department: Annotated[str | None, typer.Option(help="Short name of the OPD.")] = None,
    name: Annotated[str, typer.Option(help="Name as people read it.")] = "",
    language: Annotated[str, typer.Option(help="id or en.")] = "id",
    as_json: AsJson = False,
) -> None:
    """Add an account; the password is asked for, or read from the standard input.

    A department that is not there yet is added. Example:
    provisioner user add sari --role applicant --department dinkes --name "Sari Wulandari"
    """
    people = _people()
    password = _password()
    if department:
        people.ensure_department(department)
    person = people.add_person(username, name or username, password, role, department, language)
    if as_json:
        print_json(person.model_dump(mode="json"))
    else:
        tell(say("Account %(name)s added.", name=person.username))


@user_app.command("list")
def user_list(as_json: AsJson = False) -> None:
    """Show all accounts.

    Example: provisioner user list
    """
    people = _people().people()
    if as_json:
        print_json([person.model_dump(mode="json") for person in people])
        return
    headers = (say("User name"), say("Name"), say("Roles"), say("Department"), say("Active"))
    rows = [
        (p.username, p.name, ", ".join(p.roles), p.department, "✓" if p.active else "✗")
        for p in people
    ]
    print_table(headers, rows)


@user_app.command("set")
def user_set(
    username: User,
    name: Annotated[str | None, typer.Option(help="Name as people read it.")] = None,
    role: Annotated[
        list[Role] | None, typer.Option(help="All roles from now on; may be given several times.")
    ] = None,
    department: Annotated[str | None, typer.Option(help="Short name of the OPD, or ''.")] = None,
    email: Annotated[str | None, typer.Option(help="Address for notices, or ''.")] = None,
    phone: Annotated[str | None, typer.Option(help="Telephone, or ''.")] = None,
    language: Annotated[str | None, typer.Option(help="id or en.")] = None,
    as_json: AsJson = False,
) -> None:
    """Change an account; what is not given stays as it is.

    Example: provisioner user set sari --role technician --role approver --email sari@example.go.id
    """
    people = _people()
    before = people.person(username)
    person = people.update_person(
        username,
        name=before.name if name is None else name,
        roles=role or before.roles,
        department=before.department if department is None else department or None,
        language=language or before.language,
        email=before.email if email is None else email,
        phone=before.phone if phone is None else phone,
    )
    if as_json:
        print_json(person.model_dump(mode="json"))
    else:
        tell(say("Account %(name)s is changed.", name=person.username))


@user_app.command("invite")
def user_invite(username: User, as_json: AsJson = False) -> None:
    """Make a link with which the person chooses a password, once within 72 hours, and print it.

    Example: provisioner user invite sari
    """
    settings = load_settings()
    base = settings.web.public_url.rstrip("/")
    link = f"{base}/invitation/{_people().invite(username)}"
    if as_json:
        print_json({"user": username, "url": link})
        return
    typer.echo(link)
    complain(say("It is shown only now; pass it on to the person alone."))


@user_app.command("reset-codes")
def user_reset_codes(username: User) -> None:
    """Remove a person's one-time codes, when the telephone is lost, and sign the person out.

    Example: provisioner user reset-codes dewi
    """
    _people().end_codes(username)
    tell(say("%(name)s signs in by password alone from now on.", name=username))


@user_app.command("password")
def user_password(username: User) -> None:
    """Set a new password, sign the person out everywhere and end all tokens.

    Example: provisioner user password sari
    """
    _people().set_password(username, _password())
    tell(say("The password of %(name)s is set.", name=username))


@user_app.command("close")
def user_close(username: User) -> None:
    """Close an account: nobody signs in with it and its tokens end; its records stay.

    Example: provisioner user close sari
    """
    _people().set_active(username, False)
    tell(say("Account %(name)s is closed.", name=username))


@user_app.command("reopen")
def user_reopen(username: User) -> None:
    """Reopen a closed account.

    Example: provisioner user reopen sari
    """
    _people().set_active(username, True)
    tell(say("Account %(name)s is open again.", name=username))


@department_app.command("add")
def department_add(
    id: Annotated[str, typer.Argument(help="Short name, such as dinkes.")],
    name: Annotated[str, typer.Argument(help="Full name, such as 'Dinas Kesehatan'.")],
    as_json: AsJson = False,
) -> None:
    """Add an OPD, or give one that is there another full name.

    Example: provisioner department add dinkes "Dinas Kesehatan"
    """
    view = _people().add_department(id, name)
    if as_json:
        print_json(view.model_dump())
    else:
        tell(say("Department %(id)s: %(name)s", id=view.id, name=view.name))


@department_app.command("list")
def department_list(as_json: AsJson = False) -> None:
    """Show all departments.

    Example: provisioner department list --json
    """
    found = _people().departments()
    if as_json:
        print_json([d.model_dump() for d in found])
    else:
        print_table((say("Short name"), say("Name")), [(d.id, d.name) for d in found])


@token_app.command("create")
def token_create(
    user: Annotated[str, typer.Option("--user", help="Whose token.")],
    scope: Annotated[
        list[str] | None,
        typer.Option(help="read, write, file or approve, repeatable; all unless given."),
    ] = None,
    days: Annotated[int, typer.Option(help="How long it works.", min=1, max=3660)] = 90,
    label: Annotated[str, typer.Option(help="What it is for.")] = "",
    as_json: AsJson = False,
) -> None:
    """Make a token and print it, this once.

    Example: export PROVISIONER_TOKEN=$(provisioner token create --user sari --days 30)
    """
    secret = _people().create_token(user, scope or (), days, label)
    if as_json:
        print_json({"user": user, "token": secret, "days": days, "scopes": scope or []})
        return
    typer.echo(secret)
    complain(say("It is shown only now; keep it safe. Days it works: %(days)s.", days=days))


@token_app.command("list")
def token_list(
    user: Annotated[str, typer.Option("--user", help="Whose tokens.")], as_json: AsJson = False
) -> None:
    """Show a person's tokens, never their secrets.

    Example: provisioner token list --user sari
    """
    tokens = _people().tokens(user)
    if as_json:
        print_json([t.model_dump(mode="json") for t in tokens])
        return
    headers = (
        say("Number"), say("For"), say("Scopes"), say("Expires"), say("Last used"), say("Revoked")
    )  # fmt: skip
    rows = [
        (t.id, t.label, ", ".join(t.scopes), t.expires_at, t.last_used_at, t.revoked_at)
        for t in tokens
    ]
    print_table(headers, rows)


@token_app.command("revoke")
def token_revoke(number: Annotated[int, typer.Argument(help="As `token list` shows.")]) -> None:
    """Make a token worthless at once.

    Example: provisioner token revoke 3
    """
    _people().revoke_token(number)
    tell(say("Token %(id)s is revoked.", id=number))
