"""What people call what a page names: persons, departments, what stands, and requests about it."""

from __future__ import annotations

from functools import cached_property

import jinja2

from api import words
from api.pages.details import target_title
from provisioner.bootstrap import Product
from provisioner.requests.views import RequestView
from provisioner.texts import render


class Names:
    """The names of one page, asked for at most once each."""

    def __init__(self, product: Product) -> None:
        self._product = product
        self._instances: dict[str, str] = {}

    @cached_property
    def people(self) -> dict[str, str]:
        """By user name."""
        return self._product.people.names()

    @cached_property
    def departments(self) -> dict[str, str]:
        """By id."""
        return {one.id: one.name for one in self._product.people.departments()}

    def instance(self, id: str) -> str:
        """Its name; the id of what is not known."""
        if id not in self._instances:
            self._instances[id] = self._product.instances.name_of(id) or id
        return self._instances[id]

    def target(self, target: str) -> str:
        """A place of checks by its title, without the kind."""
        return target_title(target, self._product.inventory).rpartition(":")[2]


@jinja2.pass_context
def person(context: jinja2.runtime.Context, username: str) -> str:
    """A filter: the person's name; what is no user name stays as it is."""
    return str(context["names"].people.get(username, username))


@jinja2.pass_context
def department(context: jinja2.runtime.Context, id: str) -> str:
    """A filter: the department's name."""
    return str(context["names"].departments.get(id, id))


@jinja2.pass_context
def title(context: jinja2.runtime.Context, view: RequestView) -> str:
    """A filter: what a request is called, in the reader's language."""
    names: Names = context["names"]
    return render(words.title_of(view, names.instance, names.target), context["language"])
