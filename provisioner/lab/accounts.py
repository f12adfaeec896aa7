"""Users, tokens, roles and access lists that count at once, and their refusals."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable
from typing import Any

from aiohttp import web
from fakepve import shapes
from fakepve.model import PveError
from fakepve.routing import die, param_error, split_list

from provisioner.lab.base import Base, Values
from provisioner.lab.plan import LabPlan

_PRODUCT = (
    "Datastore.Allocate Datastore.AllocateSpace Datastore.AllocateTemplate Datastore.Audit "
    "Pool.Allocate Pool.Audit SDN.Audit SDN.Use Sys.AccessNetwork Sys.Audit Sys.Modify "
    "VM.Allocate VM.Audit VM.Backup VM.Clone VM.Config.CDROM VM.Config.CPU VM.Config.Cloudinit "
    "VM.Config.Disk VM.Config.HWType VM.Config.Memory VM.Config.Network VM.Config.Options "
    "VM.GuestAgent.Audit VM.GuestAgent.FileRead VM.GuestAgent.FileWrite VM.Migrate VM.PowerMgmt "
    "VM.Snapshot"
)
PRODUCT_PRIVILEGES = frozenset(_PRODUCT.split())
"""What the product's token needs on PVE 9."""
_NEW = "VM.GuestAgent."
"""Privileges that PVE 8 has not, where VM.Monitor stands for all of them."""


def as_before(privileges: Iterable[str]) -> frozenset[str]:
    """Privileges of PVE 9 as those of PVE 8."""
    kept = {p for p in privileges if not p.startswith(_NEW) and p != "VM.Replicate"}
    return frozenset(kept | {"VM.Monitor"} if any(p.startswith(_NEW) for p in privileges) else kept)


_ROLES = {
    **{name: frozenset(privileges) for name, privileges in shapes.ROLES.items()},
    "PVETemplateUser": frozenset({"VM.Audit", "VM.Clone"}),
    "PVEDatastoreUser": frozenset({"Datastore.Audit", "Datastore.AllocateSpace"}),
    "PVESDNUser": frozenset({"SDN.Audit", "SDN.Use"}),
}
_TOP = (
    "/",
    "/access",
    "/access/groups",
    "/nodes",
    "/pool",
    "/sdn",
    "/sdn/zones",
    "/sdn/zones/localnetwork",
    "/storage",
    "/vms",
)


class Accounts(Base):
    """Who may do what. A separated token has only what both it and its user have."""

    def __init__(self, plan: LabPlan, *args: Any) -> None:
        super().__init__(plan, *args)
        self.known = frozenset(shapes.PRIVILEGES)
        self.roles: dict[str, frozenset[str]] = dict(_ROLES)
        product = PRODUCT_PRIVILEGES
        if self.old:
            self.known, product = as_before(self.known), as_before(product)
            self.roles = {name: as_before(held) for name, held in self.roles.items()}
        self.separated: dict[str, bool] = {}
        self.grants: list[tuple[str, str, str, bool]] = []
        """(path, user or token, role, propagate)"""
        user, _, _ = plan.token_id.partition("!")
        self.users[user] = secrets.token_hex(16)
        self.apitokens[plan.token_id] = plan.token_secret
        self.separated[plan.token_id] = True
        self.roles["Provisioner"] = plan.privileges or product
        self.grants += [("/", who, "Provisioner", True) for who in (user, plan.token_id)]

    # ------------------------------------------------------------- sign-in

    async def refuse_token(self, request: web.Request) -> web.Response | None:
        """The 401 that a wrong or revoked token gets after its delay, else None."""
        given = self._token_secret(request)
        if given is None:
            return None
        known = self.apitokens.get(given[0])
        revoked = self.faults.active("token-revoked") and given[0] == self.plan.token_id
        if known and not revoked and hmac.compare_digest(known.encode(), given[1].encode()):
            return None
        await self.pause(self.plan.times.refusal)
        return web.Response(status=401, reason="Authentication failed!")

    async def _ticket(self, request: web.Request) -> Any:
        try:
            return await super()._ticket(request)
        except PveError:
            await self.pause(self.plan.times.refusal)
            raise

    # ---------------------------------------------------------- privileges

    def _granted(self, who: str, path: str) -> frozenset[str]:
        """What the access list gives ``who`` on a path: the deepest entry decides."""
        best: dict[int, frozenset[str]] = {}
        for granted, ugid, role, propagate in self.grants:
            inside = granted == "/" or path == granted or path.startswith(granted + "/")
            if ugid == who and inside and (propagate or path == granted):
                depth = 0 if granted == "/" else granted.count("/")
                best[depth] = best.get(depth, frozenset()) | self.roles.get(role, frozenset())
        return best[max(best)] if best else frozenset()

    def privileges(self, who: str, path: str) -> frozenset[str]:
        """All privileges of a user or token on a path."""
        user, _, token = who.partition("!")
        if user == "root@pam" and (not token or not self.separated.get(who, True)):
            return self.known
        paths = [path]
        if path.startswith("/vms/"):
            vmid = path.split("/")[2]
            number = int(vmid) if vmid.isdecimal() else 0
            paths += ["/pool/" + name for name, ids in self.pools.items() if number in ids]
        if path.startswith("/storage/"):
            sid = path.split("/")[2]
            paths += ["/pool/" + n for n, meta in self.pool_info.items() if sid in meta["storage"]]
        held: frozenset[str] = frozenset()
        for each in paths:
            own = self._granted(user, each) if user != "root@pam" else self.known
            if token and self.separated.get(who, True):
                own &= self._granted(who, each)
            held |= own
        return held

    def allowed(self, user: str | None, path: str, priv: str) -> bool:
        return user is not None and priv in self.privileges(user, path)

    def check_permissions(
        self, user: str | None, perms: Values | None, values: Values, declared: Any = None
    ) -> None:
        if user == "root@pam":
            return
        if perms and perms.get("user") in ("all", "world"):
            return
        if user is None or not perms or "check" not in perms:
            raise PveError(403, "Permission check failed (user != root@pam)")
        fine, why = self._check(user, perms["check"], values, declared)
        if not fine:
            raise PveError(
                403, f"Permission check failed ({why})" if why else "Permission check failed"
            )

    def _check(self, user: str, check: Any, values: Values, declared: Any = None) -> Any:
        if self.old and check[0] == "perm" and any(p.startswith(_NEW) for p in check[2]):
            check = ["perm", check[1], sorted(as_before(check[2]))]
        return super()._check(user, check, values, declared)

    async def _permissions(self, v: Values, user: str) -> Values:
        who = v.get("userid") or user
        paths = {*_TOP, *(granted for granted, *_ in self.grants)}
        paths |= {"/pool/" + name for name in self.pools}
        paths |= {"/storage/" + name for name in self.storages}
        paths |= {f"/vms/{vm.vmid}" for vm in self.vms if vm.pool or vm.template}
        if v.get("path"):
            paths = {v["path"]}
        held = {path: sorted(self.privileges(who, path)) for path in sorted(paths)}
        return {path: dict.fromkeys(privs, 1) for path, privs in held.items() if privs}

    # ------------------------------------------------------------ the lists

    def _routes_accounts(self) -> list[Any]:
        users, token = "/access/users", "/access/users/{userid}/token/{tokenid}"
        role = "/access/roles/{roleid}"
        return [
            ("GET", users, self._users_list),
            ("POST", users, self._user_create),
            ("DELETE", users + "/{userid}", self._user_delete),
            ("POST", token, self._token_create),
            ("DELETE", token, self._token_delete),
            ("GET", "/access/roles", self._roles_list),
            ("POST", "/access/roles", self._role_create),
            ("PUT", role, self._role_update),
            ("DELETE", role, self._role_delete),
            ("GET", "/access/acl", self._acl_list),
            ("PUT", "/access/acl", self._acl_update),
        ]

    async def _users_list(self, v: Values, user: str) -> list[Values]:
        return [
            {"userid": name, "enable": 1, "expire": 0, "realm-type": name.split("@")[1]}
            for name in ("root@pam", *sorted(self.users))
        ]

    async def _user_create(self, v: Values, user: str) -> None:
        if v["userid"] in self.users:
            raise die(f"create user failed: user '{v['userid']}' already exists")
        self.users[v["userid"]] = v.get("password") or secrets.token_hex(16)

    async def _user_delete(self, v: Values, user: str) -> None:
        name = v["userid"]
        if self.users.pop(name, None) is None:
            raise die(f"no such user ('{name}')")
        self.grants = [g for g in self.grants if g[1].split("!")[0] != name]
        for token in [t for t in self.apitokens if t.split("!")[0] == name]:
            del self.apitokens[token]

    async def _token_create(self, v: Values, user: str) -> Values:
        full = f"{v['userid']}!{v['tokenid']}"
        if full in self.apitokens:
            raise param_error(tokenid="Token already exists.")
        self.apitokens[full] = secrets.token_hex(16)
        self.separated[full] = bool(v.get("privsep", 1))
        info = {"privsep": int(self.separated[full])}
        return {"full-tokenid": full, "info": info, "value": self.apitokens[full]}

    async def _token_delete(self, v: Values, user: str) -> None:
        full = f"{v['userid']}!{v['tokenid']}"
        if self.apitokens.pop(full, None) is None:
            raise die(f"no such token '{v['tokenid']}' for user '{v['userid']}'")
        self.grants = [g for g in self.grants if g[1] != full]

    async def _roles_list(self, v: Values, user: str) -> list[Values]:
        return [
            {"roleid": name, "privs": ",".join(sorted(held)), "special": int(name in _ROLES)}
            for name, held in sorted(self.roles.items())
        ]

    def _privileges_of(self, text: str) -> frozenset[str]:
        given = frozenset(split_list(text))
        for name in sorted(given - self.known):
            raise param_error(privs=f"invalid format - invalid privilege '{name}'\n")
        return given

    async def _role_create(self, v: Values, user: str) -> None:
        given = self._privileges_of(v.get("privs", ""))
        if v["roleid"] in self.roles:
            raise die(f"create role failed: role '{v['roleid']}' already exists")
        self.roles[v["roleid"]] = given

    async def _role_update(self, v: Values, user: str) -> None:
        given = self._privileges_of(v.get("privs", ""))
        if v["roleid"] not in self.roles:
            raise die(f"role '{v['roleid']}' does not exist")
        old = self.roles[v["roleid"]] if v.get("append") else frozenset()
        self.roles[v["roleid"]] = old | given

    async def _role_delete(self, v: Values, user: str) -> None:
        if self.roles.pop(v["roleid"], None) is None:
            raise die(f"delete role failed: role '{v['roleid']}' does not exist")

    async def _acl_list(self, v: Values, user: str) -> list[Values]:
        return [
            {
                "path": p,
                "ugid": who,
                "roleid": role,
                "propagate": int(propagate),
                "type": "token" if "!" in who else "user",
            }
            for p, who, role, propagate in self.grants
        ]

    async def _acl_update(self, v: Values, user: str) -> None:
        for who in split_list(v.get("users")) + split_list(v.get("tokens")):
            for role in split_list(v["roles"]):
                if role not in self.roles:
                    raise die(f"ACL update failed: role '{role}' does not exist")
                entry = (v["path"].rstrip("/") or "/", who, role)
                self.grants = [g for g in self.grants if g[:3] != entry]
                if not v.get("delete"):
                    self.grants.append((*entry, bool(v.get("propagate", 1))))
