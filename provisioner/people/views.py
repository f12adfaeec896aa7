"""People, departments and tokens as others see them."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from provisioner.people.model import Department, Person, Role, Token, WebSession


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class DepartmentView(_View):
    """An OPD."""

    id: str
    name: str

    @classmethod
    def of(cls, row: Department) -> DepartmentView:
        return cls(id=row.id, name=row.name)


class PersonView(_View):
    """An account, without anything secret."""

    id: int
    username: str
    name: str
    roles: list[Role]
    department: str | None
    language: str
    email: str | None = None
    phone: str | None = None
    active: bool
    codes: bool = False
    """Whether signing in asks for a one-time code too."""

    @classmethod
    def of(cls, row: Person, codes: bool = False) -> PersonView:
        return cls(
            id=row.id,
            username=row.username,
            name=row.name,
            roles=[Role(r.role) for r in row.roles],
            department=row.department_id,
            language=row.language,
            email=row.email,
            phone=row.phone,
            active=row.active,
            codes=codes,
        )

    def holds(self, words: str) -> bool:
        """Whether the words (in small letters) stand in a name, the department or the e-mail."""
        places = (self.username, self.name, self.department, self.email)
        return any(words in (place or "").lower() for place in places)


class TokenView(_View):
    """A token's terms; its secret was shown once and is not kept."""

    id: int
    label: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None

    @classmethod
    def of(cls, row: Token) -> TokenView:
        return cls(
            id=row.id,
            label=row.label,
            scopes=row.scopes,
            created_at=row.created_at,
            expires_at=row.expires_at,
            last_used_at=row.last_used_at,
            revoked_at=row.revoked_at,
        )


class SessionView(_View):
    """A browser that is signed in."""

    id: str
    """Names it for ending it; not the secret."""
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    address: str
    browser: str
    current: bool

    @classmethod
    def of(cls, row: WebSession, current: bool) -> SessionView:
        return cls(
            id=row.digest[:16],
            created_at=row.created_at,
            seen_at=row.seen_at,
            expires_at=row.expires_at,
            address=row.address,
            browser=row.browser,
            current=current,
        )
