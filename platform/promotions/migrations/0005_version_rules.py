"""What is or was live is never changed, and a promotion's document stands in its versions alone."""

from django.db import migrations

from kernel.ledger import append_only

# An update may only take a draft live, or end what is live.
GUARD = """
CREATE FUNCTION promotions_guard_version() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        RAISE EXCEPTION 'versions of promotions are kept' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.status = 'draft' THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    IF TG_OP = 'DELETE' OR OLD.status = 'ended' OR NEW.status = 'draft'
        OR (NEW.id, NEW.promotion_id, NEW.number, NEW.document, NEW.is_limited, NEW.since_version, NEW.live_at,
            NEW.actor, NEW.created_at)
        IS DISTINCT FROM (OLD.id, OLD.promotion_id, OLD.number, OLD.document, OLD.is_limited, OLD.since_version,
            OLD.live_at, OLD.actor, OLD.created_at)
    THEN
        RAISE EXCEPTION 'version % of promotion % is or was live: write a new version instead', OLD.number, OLD.promotion_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER promotions_guard_version BEFORE UPDATE OR DELETE ON promotions_promotionversion
    FOR EACH ROW EXECUTE FUNCTION promotions_guard_version();
CREATE TRIGGER promotions_keep_versions BEFORE TRUNCATE ON promotions_promotionversion
    FOR EACH STATEMENT EXECUTE FUNCTION promotions_guard_version();
"""
UNGUARD = """
DROP TRIGGER promotions_keep_versions ON promotions_promotionversion;
DROP TRIGGER promotions_guard_version ON promotions_promotionversion;
DROP FUNCTION promotions_guard_version();
"""


class Migration(migrations.Migration):
    dependencies = [("promotions", "0004_first_versions")]

    operations = [
        migrations.RemoveIndex("promotion", "promotion_live"),
        migrations.RemoveConstraint("promotion", "promotion_status_known"),
        migrations.RemoveField("promotion", "document"),
        migrations.RemoveField("promotion", "status"),
        append_only("promotions_rulesetchange"),
        migrations.RunSQL(sql=GUARD, reverse_sql=UNGUARD),
    ]
