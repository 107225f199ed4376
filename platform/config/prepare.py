"""`python -m config.prepare [plans] [demo]`: look whether tables, logins, static files, the plans at the stand-in for
Stripe and the demo shop are as they should be.

All in one process: starting Django costs seconds. Prints what was done, and nothing where all was in order.
"""

import os
import sys


def main() -> int:
    """Do what `laxin bootstrap` and `collectstatic` do; for `plans` and `demo` also `billing sync` and `demo load`."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django  # noqa: PLC0415  needs the variable

    django.setup()
    from django.core.exceptions import ImproperlyConfigured  # noqa: PLC0415
    from django.core.management import call_command  # noqa: PLC0415

    from config.collected import collect_static_files  # noqa: PLC0415
    from tenants.bootstrap import bring_up_to_date  # noqa: PLC0415

    try:
        done = bring_up_to_date()
    except ImproperlyConfigured as error:
        print(error, file=sys.stderr)
        return 1
    for line in done:
        print(f"Brought up to date: {line}")
    if collect_static_files():
        print("Brought up to date: static files")
    if "plans" in sys.argv[1:]:
        from billing.services import sync_prices  # noqa: PLC0415

        if made := sync_prices():
            print(f"Brought up to date: {len(made)} products and prices at the stand-in for Stripe")
    if "demo" in sys.argv[1:]:
        call_command("demo", "load")
    return 0


if __name__ == "__main__":
    sys.exit(main())
