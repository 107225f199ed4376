"""What people of a shop may do: the permissions, and the roles that every shop has.

A permission is a string `subject.act`. The console's gate (`console.access.staff_page`) asks for one at every page; the
grid of a custom role shows them by group. A new page needs a permission of this table.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

type Text = str | Promise

# Everybody who is signed in may: the start page, one's own password, second factor and sessions.
SIGNED_IN = "signed_in"


@dataclass(frozen=True, slots=True)
class Group:
    """Permissions that are shown together, each with its name."""

    name: Text
    permissions: dict[str, Text]


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """A role that every shop has and cannot change."""

    name: Text
    description: Text
    permissions: frozenset[str]


GROUPS = (
    Group(
        _("Products"),
        {
            "products.view": _("See products"),
            "products.edit": _("Add and change products"),
            "stock.view": _("See the stock"),
            "stock.adjust": _("Correct the stock"),
        },
    ),
    Group(
        _("Customers"),
        {
            "coupons.view": _("See coupons"),
            "coupons.edit": _("Make, pause and resume coupons"),
            "join_links.view": _("See join links and print their posters"),
            "join_links.edit": _("Make, close and open join links"),
        },
    ),
    Group(
        _("Sales"),
        {
            "orders.view": _("See orders"),
            "orders.settle": _("Take the money for orders"),
            "reports.view": _("See the figures of the shop"),
        },
    ),
    Group(
        _("Shop"),
        {
            "settings.view": _("See the facts of the shop"),
            "settings.edit": _("Set the shop up"),
            "keys.manage": _("Make and revoke API keys"),
            "domains.manage": _("Manage the shop's own addresses"),
            "billing.manage": _("Manage plan, payments and invoices"),
            "archive.export": _("Take the whole shop along as a file"),
        },
    ),
    Group(
        _("Staff"),
        {
            "staff.manage": _("Invite people, change their role, close their account"),
            "roles.manage": _("Make and change roles"),
            "audit.view": _("Read and export the audit log"),
        },
    ),
)

PERMISSIONS: dict[str, Text] = {permission: name for group in GROUPS for permission, name in group.permissions.items()}

# What leads nowhere without another one: the pages with its buttons, and those that follow, ask for these.
IMPLIED = {
    "products.edit": {"products.view"},
    "stock.adjust": {"products.view", "stock.view"},
    "coupons.edit": {"coupons.view"},
    "join_links.edit": {"join_links.view"},
    "orders.settle": {"orders.view"},
    "settings.edit": {"settings.view"},
    "archive.export": {"settings.view"},
    "roles.manage": {"staff.manage"},
}

OWNER, MANAGER, CASHIER, ACCOUNTANT = "owner", "manager", "cashier", "accountant"

BUILT_IN = {
    OWNER: BuiltIn(_("Owner"), _("May do everything. A shop always has at least one."), frozenset(PERMISSIONS)),
    MANAGER: BuiltIn(
        _("Manager"),
        _("Runs the shop: goods, campaigns, orders and people; not its payments, addresses and keys."),
        frozenset(PERMISSIONS)
        - {"archive.export", "billing.manage", "domains.manage", "keys.manage", "roles.manage"},
    ),
    CASHIER: BuiltIn(
        _("Cashier"),
        _("Works at the till: sees goods and coupons, takes the money for orders."),
        frozenset({"products.view", "stock.view", "coupons.view", "join_links.view", "orders.view", "orders.settle"}),
    ),
    ACCOUNTANT: BuiltIn(
        _("Accountant"),
        _("Reads orders, stock and figures, and looks after plan and invoices."),
        frozenset(
            {
                "products.view", "stock.view", "orders.view", "reports.view", "settings.view", "billing.manage",
                "audit.view",
            }
        ),
    ),
}  # fmt: skip


def add_implied(permissions: Iterable[str]) -> set[str]:
    """These and what they need to be of use."""
    given = set(permissions)
    return given.union(*(IMPLIED.get(each, ()) for each in given))


def find_unknown(permissions: Iterable[str]) -> list[str]:
    """Those that this version does not know, sorted."""
    return sorted(set(permissions) - set(PERMISSIONS))
