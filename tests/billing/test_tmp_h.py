import random
import time

from django.db import transaction

from billing import gateway, services
from tests.support.histories import *


def test_h(shops, now, monkeypatch, settings):
    from tests.support.billing import connect, make_fake
    from fakes.stripe.app import WEBHOOK_SECRET
    import logging

    logging.disable(logging.CRITICAL)
    settings.STRIPE_WEBHOOK_SECRETS = (WEBHOOK_SECRET,)
    import cProfile
    import pstats
    import collections

    pr = cProfile.Profile()
    pr.enable()
    C = collections.Counter()
    bad = 0
    t = time.time()
    n = 60
    ev = 0
    for seed in range(n):
        r = random.Random(seed)
        fake = make_fake(now)
        con = connect(fake)
        monkeypatch.setattr(gateway, "current", lambda: con)
        settings.STRIPE_KEY = fake.key
        with transaction.atomic():
            services.sync_prices()
            h = History(shops[0], fake, r, MODES[seed % 3])
            h.run(r.randint(3, 14))
            h.finish()
            f = h.faults()
            h.bring_old_news()
            g = h.faults()
            ev += h.events
            C[(h.mode, h.truth().account["status"])] += 1
            C["steps"] += len(h.log)
            C["refused"] += sum("(" in l for l in h.log)
            if seed < 12:
                print(describe(h, seed), h.truth().account["status"], h.truth().standing(fake.now))
            if f or g:
                bad += 1
                print(describe(h, seed))
                print("   ", f, g)
            transaction.set_rollback(True)
    print(n, "in", time.time() - t, "cpu", time.process_time(), "events", ev, "bad", bad)
    pr.disable()
    pstats.Stats(pr).sort_stats("cumulative").print_stats(45)
    print(C)
