"""What goes wrong around paying.

DomainError
└── BillingError
    ├── PaymentProviderDown       Stripe did not answer or answered with a fault of its own; try again
    ├── PaymentProviderRefused    Stripe understood and refused: a mistake of ours or of the installation
    ├── PaymentDeclined           the bank or the wallet refused the payment
    ├── PaymentDue                something is unpaid: pay that first
    ├── PricesMissing             Stripe does not know our prices: `laxin billing sync` was not run
    ├── PlanUnknown               no plan, interval or currency of this name is sold
    ├── AlreadySubscribed         the shop has a running subscription: change that one
    ├── NotSubscribed             there is no running subscription to change
    ├── CheckoutUnknown           the payment page is none that this shop opened
    ├── TaxIdInvalid              the tax number is refused
    ├── EventRefused              a webhook request without a valid signature, or too old
    ├── PaymentOnItsWay           money was sent and has not arrived: nothing may be deleted yet
    ├── PlanChanged               the plan is another one than what was looked at
    ├── DoneUnseen                done at Stripe; our row follows in a moment
    ├── AccountBusy               others changed the account again and again; try again
    └── AccountUnknown            the shop has no account
"""

from kernel.errors import DomainError


class BillingError(DomainError):
    """The root of the tree above."""

    code = "BILLING"


class PaymentProviderDown(BillingError):
    """No answer, too many requests, or a fault on their side."""

    code = "PAYMENT_PROVIDER_DOWN"


class PaymentProviderRefused(BillingError):
    """A wrong key, a wrong parameter, an object that is not there."""

    code = "PAYMENT_PROVIDER_REFUSED"


class PaymentDeclined(BillingError):
    """By the bank or the wallet."""

    code = "PAYMENT_DECLINED"


class PaymentDue(BillingError):
    """Pay what is open, then do it."""

    code = "PAYMENT_DUE"


class PricesMissing(BillingError):
    """`laxin billing sync` makes them."""

    code = "PRICES_MISSING"


class PlanUnknown(BillingError):
    """Not sold."""

    code = "PLAN_UNKNOWN"


class AlreadySubscribed(BillingError):
    """Change the running one."""

    code = "ALREADY_SUBSCRIBED"


class NotSubscribed(BillingError):
    """Nothing to change."""

    code = "NOT_SUBSCRIBED"


class CheckoutUnknown(BillingError):
    """Not opened by this shop."""

    code = "CHECKOUT_UNKNOWN"


class TaxIdInvalid(BillingError):
    """Refused by Stripe's check of its form."""

    code = "TAX_ID_INVALID"


class EventRefused(BillingError):
    """Not signed by Stripe, or not now."""

    code = "EVENT_REFUSED"


class PaymentOnItsWay(BillingError):
    """By bank; it arrives or fails within two weeks."""

    code = "PAYMENT_ON_ITS_WAY"


class PlanChanged(BillingError):
    """Look at the change once more: it may cost something else."""

    code = "PLAN_CHANGED"


class DoneUnseen(BillingError):
    """The change stands; what became of it could not be fetched yet."""

    code = "DONE_UNSEEN"


class AccountBusy(BillingError):
    """Changed under our hands several times in a row."""

    code = "ACCOUNT_BUSY"


class AccountUnknown(BillingError):
    """The shop was made by hand."""

    code = "ACCOUNT_UNKNOWN"
