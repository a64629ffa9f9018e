"""A day in the ledger for every row of money, and months that are closed.

The trigger decides the day, so that no way of recording money can forget to ask. It holds a lock on each month that it
looks at to the end of its transaction: closing a month waits for what is being recorded, and counts it.
"""

import django.db.models.deletion
import django.utils.timezone
import simple_history.models
from django.conf import settings
from django.db import migrations, models

# Existing rows are booked on the day they moved. A change of type rewrites the table without an UPDATE, which the
# guard of 0002 refuses.
BOOK_WHAT_IS_THERE = "ALTER TABLE membership_payment ALTER COLUMN booked_on TYPE date USING received_on"

# Rows by hand are refused, since somebody is there to be told. Everything else comes from Stripe, and is not lost.
MAKE = """
CREATE FUNCTION membership_payment_book() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    in_month date := date_trunc('month', NEW.received_on);
BEGIN
    NEW.booked_on := NEW.received_on;
    LOOP
        PERFORM pg_advisory_xact_lock_shared(hashtext('membership_closedmonth'), in_month - date '2000-01-01');
        EXIT WHEN NOT EXISTS (SELECT FROM membership_closedmonth WHERE month = in_month);
        IF NEW.method IN ('transfer', 'cheque', 'cash', 'standing_order') THEN
            RAISE EXCEPTION 'the month of % is closed', NEW.received_on
                USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_month_is_closed';
        END IF;
        in_month := in_month + interval '1 month';
        NEW.booked_on := in_month;
    END LOOP;
    RETURN NEW;
END $$;
CREATE TRIGGER payment_book BEFORE INSERT ON membership_payment
    FOR EACH ROW EXECUTE FUNCTION membership_payment_book();
"""
DROP = """
DROP TRIGGER payment_book ON membership_payment;
DROP FUNCTION membership_payment_book();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('membership', '0006_stripe_addresses'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ClosedMonth',
            fields=[
                ('month', models.DateField(help_text='Its first day.', primary_key=True, serialize=False)),
                ('closed_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('number', models.PositiveIntegerField(verbose_name='rows')),
                ('gross_pence', models.IntegerField(verbose_name='gross')),
                ('fee_pence', models.IntegerField(verbose_name='fees')),
            ],
            options={
                'ordering': ['-month'],
            },
        ),
        migrations.CreateModel(
            name='HistoricalClosedMonth',
            fields=[
                ('month', models.DateField(db_index=True, help_text='Its first day.')),
                ('closed_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('number', models.PositiveIntegerField(verbose_name='rows')),
                ('gross_pence', models.IntegerField(verbose_name='gross')),
                ('fee_pence', models.IntegerField(verbose_name='fees')),
                ('history_change_reason', models.TextField(null=True)),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
            ],
            options={
                'verbose_name': 'historical closed month',
                'verbose_name_plural': 'historical closed months',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.AddField(
            model_name='payment',
            name='booked_on',
            field=models.DateField(null=True, editable=False, verbose_name='day in the ledger'),
        ),
        migrations.RunSQL(BOOK_WHAT_IS_THERE, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name='payment',
            name='booked_on',
            field=models.DateField(editable=False, verbose_name='day in the ledger'),
        ),
        migrations.AddIndex(
            model_name='payment',
            index=models.Index(fields=['booked_on', 'id'], name='payment_booked'),
        ),
        migrations.AddField(
            model_name='closedmonth',
            name='closed_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='historicalclosedmonth',
            name='closed_by',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='historicalclosedmonth',
            name='history_user',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='closedmonth',
            constraint=models.CheckConstraint(condition=models.Q(('month__day', 1)), name='closed_month_is_its_first_day'),
        ),
        migrations.RunSQL(MAKE, DROP),
    ]
