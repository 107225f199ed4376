"""The ledger rules: entries are never changed, and a balance moves only through an entry."""

from django.db import migrations

from kernel.ledger import append_only

APPLY_ENTRY = """
CREATE FUNCTION stock_apply_entry() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    UPDATE stock_balance SET on_hand = on_hand + NEW.quantity WHERE id = NEW.balance_id;
    RETURN NULL;
END $$;
CREATE TRIGGER stock_apply_entry AFTER INSERT ON stock_entry FOR EACH ROW EXECUTE FUNCTION stock_apply_entry();
"""

GUARD_BALANCE = """
CREATE FUNCTION stock_guard_balance() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF pg_trigger_depth() < 2 AND (TG_OP = 'DELETE' OR NEW.on_hand <> CASE TG_OP WHEN 'INSERT' THEN 0 ELSE OLD.on_hand END) THEN
        RAISE EXCEPTION 'on_hand changes only through stock_entry' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER stock_guard_balance BEFORE INSERT OR DELETE OR UPDATE OF on_hand ON stock_balance
    FOR EACH ROW EXECUTE FUNCTION stock_guard_balance();
"""


class Migration(migrations.Migration):
    dependencies = [("stock", "0001_initial")]

    operations = [
        append_only("stock_entry"),
        migrations.RunSQL(
            sql=APPLY_ENTRY,
            reverse_sql="DROP TRIGGER stock_apply_entry ON stock_entry; DROP FUNCTION stock_apply_entry();",
        ),
        migrations.RunSQL(
            sql=GUARD_BALANCE,
            reverse_sql="DROP TRIGGER stock_guard_balance ON stock_balance; DROP FUNCTION stock_guard_balance();",
        ),
        migrations.RunSQL(
            sql="INSERT INTO stock_location (code, name) VALUES ('main', 'Main');",
            reverse_sql="DELETE FROM stock_location WHERE code = 'main';",
        ),
    ]
