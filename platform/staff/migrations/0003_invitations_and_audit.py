import django.db.models.functions.datetime
import django.db.models.functions.text
from django.db import migrations, models
from kernel.ledger import append_only

from staff.audit import audited

# Values of hidden columns become three dots, silent columns are left out; of a changed row only what differs is kept.
WRITE_AUDIT = """
CREATE FUNCTION staff_write_audit(operation text, subject text, row_key text, label text, old_row jsonb, new_row jsonb,
                                  hidden text[], silent text[]) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    who jsonb := current_setting('laxin.actor')::jsonb;
    changed text[];
BEGIN
    old_row := old_row - silent;
    new_row := new_row - silent;
    IF operation = 'UPDATE' THEN
        SELECT coalesce(array_agg(key), '{}') INTO changed
          FROM jsonb_each(new_row) WHERE old_row->key IS DISTINCT FROM value;
        IF changed = '{}' THEN
            RETURN;
        END IF;
        SELECT jsonb_object_agg(key, value) INTO old_row FROM jsonb_each(old_row) WHERE key = ANY (changed);
        SELECT jsonb_object_agg(key, value) INTO new_row FROM jsonb_each(new_row) WHERE key = ANY (changed);
    END IF;
    SELECT jsonb_object_agg(key, CASE WHEN key = ANY (hidden) THEN '"…"'::jsonb ELSE value END) INTO old_row
      FROM jsonb_each(old_row);
    SELECT jsonb_object_agg(key, CASE WHEN key = ANY (hidden) THEN '"…"'::jsonb ELSE value END) INTO new_row
      FROM jsonb_each(new_row);
    INSERT INTO staff_auditentry (event, subject, row_key, label, actor, actor_name, ip, user_agent, path, before, after)
    VALUES (lower(operation), subject, coalesce(row_key, ''), left(coalesce(label, ''), 200), who->>'id', who->>'name',
            (who->>'ip')::inet, who->>'agent', who->>'path', old_row, new_row);
END $$;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('staff', '0002_roles'),
        ('mfa', '0003_authenticator_type_uniq'),
        ('kernel', '0002_usage'),
    ]

    operations = [
        migrations.CreateModel(
            name='AuditEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('event', models.CharField(max_length=20)),
                ('subject', models.CharField(blank=True, db_default='', default='', max_length=63)),
                ('row_key', models.CharField(blank=True, db_default='', default='', max_length=64)),
                ('label', models.CharField(blank=True, db_default='', default='', max_length=200)),
                ('actor', models.CharField(max_length=300)),
                ('actor_name', models.CharField(blank=True, db_default='', default='', max_length=254)),
                ('ip', models.GenericIPAddressField(null=True)),
                ('user_agent', models.CharField(blank=True, db_default='', default='', max_length=200)),
                ('path', models.CharField(blank=True, db_default='', default='', max_length=300)),
                ('before', models.JSONField(null=True)),
                ('after', models.JSONField(null=True)),
            ],
            options={
                'indexes': [models.Index(fields=['actor', '-id'], name='audit_by_actor')],
            },
        ),
        migrations.CreateModel(
            name='Invitation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('email', models.EmailField(max_length=254)),
                ('role', models.CharField(max_length=20)),
                ('secret_hash', models.CharField(max_length=64, unique=True)),
                ('invited_by', models.CharField(max_length=254)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('expires_at', models.DateTimeField()),
                ('accepted_at', models.DateTimeField(null=True)),
                ('revoked_at', models.DateTimeField(null=True)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('email', django.db.models.functions.text.Lower('email'))), name='invitation_email_lower_case'), models.CheckConstraint(condition=models.Q(('role__in', ['owner', 'manager', 'cashier', 'accountant']), ('role__startswith', 'custom-'), _connector='OR'), name='invitation_role_of_known_kind'), models.CheckConstraint(condition=models.Q(('accepted_at', None), ('revoked_at', None), _connector='OR'), name='invitation_has_one_end'), models.UniqueConstraint(condition=models.Q(('accepted_at', None), ('revoked_at', None)), fields=('email',), name='invitation_open_once')],
            },
        ),
        append_only("staff_auditentry"),
        migrations.RunSQL(
            sql=WRITE_AUDIT,
            reverse_sql="DROP FUNCTION staff_write_audit(text, text, text, text, jsonb, jsonb, text[], text[]);",
        ),
        audited("staff_user", label="entry->>'email'", secret=["password"], quiet=["last_login"]),
        audited("staff_role", label="coalesce(nullif(entry->>'name', ''), entry->>'code')", key="code"),
        audited("staff_invitation", label="entry->>'email'", secret=["secret_hash"]),
        audited("staff_apikey", label="entry->>'name'", secret=["public_key", "key_hash"], quiet=["last_used_at"]),
        audited(
            "mfa_authenticator",
            label="(SELECT email FROM staff_user WHERE id = (entry->>'user_id')::uuid)",
            secret=["data"],
            quiet=["last_used_at"],
        ),
    ]
