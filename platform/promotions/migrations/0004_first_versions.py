"""Every promotion's document becomes its first version; the rule set of today gets its row."""

from django.db import migrations

FORWARD = """
INSERT INTO promotions_promotionversion
       (promotion_id, number, status, document, is_limited, since_version, created_at, live_at, ended_at)
SELECT id, 1, status, document, false, CASE WHEN status = 'live' THEN (SELECT version FROM promotions_rulesetversion) END,
       created_at, CASE WHEN status = 'live' THEN updated_at END, CASE WHEN status = 'ended' THEN updated_at END
  FROM promotions_promotion;
INSERT INTO promotions_rulesetchange (version, policy) SELECT version, policy FROM promotions_rulesetversion;
"""
BACKWARD = """
UPDATE promotions_promotion p SET document = v.document, status = v.status
  FROM promotions_promotionversion v WHERE v.promotion_id = p.id AND v.number = p.version;
DELETE FROM promotions_promotionversion;
DELETE FROM promotions_rulesetchange;
"""


class Migration(migrations.Migration):
    dependencies = [("promotions", "0003_versions")]

    operations = [migrations.RunSQL(sql=FORWARD, reverse_sql=BACKWARD)]
